package dev.longspan.benchmarks;

import dev.longspan.ChatEngine;
import dev.longspan.ChatRequest;
import dev.longspan.ChatStream;
import dev.longspan.EngineListener;
import dev.longspan.RepetitionSettings;
import dev.longspan.tck.DigestBackend;
import dev.longspan.tck.DigestModel;
import dev.longspan.tck.DigestOptions;
import dev.longspan.tck.TemplateKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Many answers at once from a model that costs next to nothing: what the engine adds. Column {@code overheadMicros}: the time
 * from the first request to the last end that was not spent in the backend, by the tokens of all answers.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class StreamsBenchmark {
    /** How many answers are made at once. */
    @Param("64")
    public int streams;

    /** How many tokens each has. */
    @Param("500")
    public int tokens;

    private final AtomicLong backendNanos = new AtomicLong();
    private final ExecutorService readers = Executors.newCachedThreadPool();

    @SuppressWarnings("NullAway.Init")
    private DigestBackend backend;

    @SuppressWarnings("NullAway.Init")
    private ChatEngine engine;

    @SuppressWarnings("NullAway.Init")
    private ChatRequest request;

    /** The overhead by token. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.EVENTS)
    public static class Overhead {
        private long nanos;
        private long tokens;

        /** {@return microseconds for each token of an answer} */
        public double overheadMicros() {
            return nanos / 1e3 / Math.max(1, tokens);
        }
    }

    /** Opens the engine. */
    @Setup
    public void open() throws IOException {
        Path folder = Files.createTempDirectory("digest");
        DigestModel.writeTo(folder, TemplateKind.STABLE);
        backend = new DigestBackend(DigestOptions.defaults().withBatch(streams, 64 * streams));
        engine = ChatEngine.builder()
                .model(folder)
                .backend(backend)
                .maxRunning(streams)
                .listener(new EngineListener() {
                    @Override
                    public void stepComputed(int runs, int count, Duration duration) {
                        backendNanos.addAndGet(duration.toNanos());
                    }
                })
                .build();
        request = ChatRequest.builder()
                .user("!loop")
                .maxTokens(tokens)
                // the loop's period is 8: it is looked for, and not found
                .repetition(RepetitionSettings.DEFAULT.with(Map.of("max_period", 4)))
                .build();
    }

    /** Closes it. */
    @TearDown
    public void close() {
        readers.shutdown();
        engine.close();
        backend.close();
    }

    /** All answers, each read by a thread of its own. */
    @Benchmark
    public void answers(Overhead overhead) throws ExecutionException, InterruptedException {
        long before = System.nanoTime();
        long inBackend = backendNanos.get();
        List<Future<Integer>> all = new ArrayList<>();
        for (int i = 0; i < streams; i++) {
            ChatStream stream = engine.stream(request);
            all.add(readers.submit(() -> stream.await().usage().completionTokens()));
        }
        long sum = 0;
        for (Future<Integer> one : all) {
            sum += one.get();
        }
        overhead.nanos += System.nanoTime() - before - (backendNanos.get() - inBackend);
        overhead.tokens += sum;
    }
}
