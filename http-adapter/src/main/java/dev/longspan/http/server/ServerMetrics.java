package dev.longspan.http.server;

import dev.longspan.ChatEngine;
import dev.longspan.EngineListener;
import dev.longspan.FinishReason;
import dev.longspan.Timing;
import dev.longspan.TokenUsage;
import dev.longspan.spi.LongspanException;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Timer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/** Counts what the engine and the server do, for Prometheus. Any thread. */
public final class ServerMetrics implements EngineListener {
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final Counter tokensIn = counter("longspan.tokens.in", "Tokens of prompts, reused ones included");
    private final Counter tokensReused =
            counter("longspan.tokens.reused", "Tokens of prompts that were not computed again");
    private final Counter tokensOut = counter("longspan.tokens.out", "Tokens of answers, thinking included");
    private final Counter steps = counter("longspan.steps", "Batches computed");
    private final Timer firstToken = timer("longspan.time.to.first.token", "From a request to its first token");
    private final Counter answersCut = counter(
            "longspan.http.answers.cut", "Answers that did not leave whole, since the client did not read or has gone");
    private final Timer perToken =
            timer("longspan.time.per.token", "From one token to the next, the mean of each answer");
    private final Timer queue = timer("longspan.queue.time", "From a request to its first work");
    private final DistributionSummary batch = DistributionSummary.builder("longspan.batch.runs")
            .description("Answers computed together in one step")
            .register(registry);

    private Counter counter(String name, String description) {
        return Counter.builder(name).description(description).register(registry);
    }

    private void counted(String name, String description, String... labels) {
        Counter.builder(name)
                .description(description)
                .tags(labels)
                .register(registry)
                .increment();
    }

    private void outcome(String word) {
        counted("longspan.requests", "Answers that have ended", "outcome", word);
    }

    private Timer timer(String name, String description) {
        return Timer.builder(name)
                .description(description)
                .publishPercentileHistogram()
                .minimumExpectedValue(Duration.ofMillis(1))
                .maximumExpectedValue(Duration.ofMinutes(5))
                .register(registry);
    }

    private void gauge(String name, String description, Supplier<Number> value) {
        Gauge.builder(name, value).description(description).register(registry);
    }

    /** Begins to tell of a server. */
    void watch(Work work, Heart heart) {
        gauge("longspan.http.working", "Requests that compute or wait to", work::size);
        gauge("longspan.http.streams", "Event streams that are open", heart::streams);
    }

    /**
     * Begins to tell of an engine.
     *
     * @param refresher looks up what takes long, beside the requests for metrics
     */
    public void watch(ChatEngine engine, Executor refresher) {
        engine.addListener(this);
        gauge(
                "longspan.running",
                "Answers that are computed",
                () -> engine.load().running());
        gauge("longspan.queued", "Requests that wait", () -> engine.load().queued());
        gauge(
                "longspan.queued.tokens",
                "Tokens of their prompts",
                () -> engine.load().queuedTokens());
        gauge(
                "longspan.sessions",
                "Sessions that are open",
                () -> engine.sessions().size());
        gauge(
                "longspan.state.bytes",
                "Memory of states and checkpoints, and of computing; what several share counts once",
                () -> engine.isOpen() ? engine.heldMemory().totalBytes() : 0);
        SnapshotBytes snapshots = new SnapshotBytes(engine, refresher);
        gauge("longspan.snapshot.bytes", "Snapshots on disk, some seconds ago", snapshots::bytes);
    }

    /** Counts an answered request. */
    void answered(String method, int status, boolean cut) {
        counted("longspan.http.requests", "Requests answered", "method", method, "status", Integer.toString(status));
        if (cut) {
            answersCut.increment();
        }
    }

    /** Counts a request that was refused for lack of room. */
    void rejected(String code) {
        counted("longspan.rejections", "Requests refused for lack of room", "code", code);
    }

    /** {@return all of it in the text format} */
    public String text() {
        return registry.scrape();
    }

    /** Ends it. */
    void close() {
        registry.close();
    }

    @Override
    public void requestStarted(Duration queued) {
        queue.record(queued);
    }

    @Override
    public void stepComputed(int runs, int tokens, Duration duration) {
        steps.increment();
        batch.record(runs);
    }

    @Override
    public void requestCompleted(FinishReason reason, TokenUsage usage, Timing timing) {
        used(usage);
        outcome(reason.name().toLowerCase(Locale.ROOT));
        if (usage.completionTokens() > 0) {
            firstToken.record(timing.timeToFirstToken());
        }
        if (timing.tokensPerSecond() > 0) {
            perToken.record(Duration.ofNanos((long) (1e9 / timing.tokensPerSecond())));
        }
    }

    private void used(TokenUsage usage) {
        tokensIn.increment(usage.promptTokens());
        tokensReused.increment(usage.reusedTokens());
        tokensOut.increment(usage.completionTokens());
    }

    @Override
    public void requestFailed(LongspanException error, TokenUsage usage) {
        used(usage);
        outcome("failed");
    }
}
