package dev.longspan.engine;

import dev.longspan.EngineListener;
import dev.longspan.GenerationException;
import dev.longspan.spi.Batch;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.LongspanException;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One step of the engine: a token of every answer that decodes, and parts of the prompts that are read, in one batch. For the
 * engine's thread, which uses it again and again: a token should cost no garbage that it need not.
 */
final class BatchStep {
    private static final Logger LOG = LoggerFactory.getLogger(BatchStep.class);

    private final LanguageModel model;
    private final int maxRuns;
    private final int maxBatchTokens;
    private final PrefillPace pace;
    private final EngineListener listener;
    private final List<Generation> members = new ArrayList<>();
    private final List<Run> runs = new ArrayList<>();
    private final List<Generation> some = new ArrayList<>();
    private final SamplingScratch scratch = new SamplingScratch();
    private int firstReader;
    private int firstOfSome;
    private boolean tookCheckpoints;

    BatchStep(LanguageModel model, int maxRuns, int maxBatchTokens, PrefillPace pace, EngineListener listener) {
        this.model = model;
        this.maxRuns = maxRuns;
        this.maxBatchTokens = maxBatchTokens;
        this.pace = pace;
        this.listener = listener;
    }

    /** {@return whether checkpoints were taken in the last step} */
    boolean tookCheckpoints() {
        return tookCheckpoints;
    }

    /**
     * Computes one batch.
     *
     * @param all the answers that may take part
     */
    void compute(List<Generation> all) {
        List<Generation> running = fitting(all);
        tookCheckpoints = false;
        members.clear();
        runs.clear();
        int reading = 0;
        for (int i = 0; i < running.size(); i++) {
            Generation generation = running.get(i);
            if (!generation.canRun()) {
                continue;
            }
            if (generation.isReading()) {
                reading++;
            } else {
                members.add(generation);
                runs.add(generation.run(1));
            }
        }
        int others = runs.size();
        int tokens = others + addReading(running, reading, Math.min(pace.tokens(), maxBatchTokens - others));
        if (runs.isEmpty()) {
            return;
        }
        StepEvent event = new StepEvent();
        event.begin();
        long before = System.nanoTime();
        List<RunResult> results = forward();
        long nanos = System.nanoTime() - before;
        event.end();
        if (event.shouldCommit()) {
            event.runs = runs.size();
            event.tokens = tokens;
            event.commit();
        }
        if (tokens > others) {
            pace.measured(tokens - others, nanos);
        }
        listener.stepComputed(runs.size(), tokens, Duration.ofNanos(nanos));
        for (int i = 0; i < results.size(); i++) {
            take(members.get(i), runs.get(i), results.get(i));
        }
    }

    /**
     * {@return as many as a batch takes} There are more only if some were unread while others took their places; then they take
     * turns.
     */
    private List<Generation> fitting(List<Generation> all) {
        if (all.size() <= maxRuns) {
            return all;
        }
        some.clear();
        int first = firstOfSome % all.size();
        for (int i = 0; i < all.size() && some.size() < maxRuns; i++) {
            int index = (first + i) % all.size();
            if (all.get(index).canRun()) {
                some.add(all.get(index));
                firstOfSome = index + 1;
            }
        }
        return some;
    }

    /**
     * Adds the next parts of prompts: each gets its share of the budget, and what it leaves goes to those behind it. Another one
     * is the first each time, so that none starves where there are more of them than tokens.
     */
    private int addReading(List<Generation> running, int reading, int budget) {
        int used = 0;
        int others = reading;
        int size = running.size();
        firstReader = size == 0 ? 0 : (firstReader + 1) % size;
        for (int i = 0; i < size && used < budget; i++) {
            Generation generation = running.get((firstReader + i) % size);
            if (!generation.canRun() || !generation.isReading()) {
                continue;
            }
            int share = Math.max(1, (budget - used) / Math.max(1, others));
            int tokens = Math.min(generation.readingLeft(), share);
            Run run = generation.run(tokens);
            members.add(generation);
            runs.add(run);
            used += run.size();
            others--;
        }
        return used;
    }

    /** A batch that fails whole ends all its members, and the engine goes on. */
    private List<RunResult> forward() {
        try {
            return model.forward(new Batch(runs));
        } catch (RuntimeException | OutOfMemoryError e) {
            LOG.error("a batch of {} runs failed", runs.size(), e);
            for (Generation member : members) {
                member.fail(explained(e));
            }
            return List.of();
        }
    }

    private void take(Generation generation, Run run, RunResult result) {
        try {
            if (result instanceof RunResult.Failure failure) {
                generation.fail(failure.cause());
            } else if (result instanceof RunResult.Success success) {
                tookCheckpoints |= generation.read(run.size(), success.logits(), scratch);
            }
        } catch (Throwable e) { // a tool parser of the application may throw anything
            LOG.error("an answer failed", e);
            generation.fail(explained(e));
        }
    }

    /** {@return what a caller is told of a fault} */
    static LongspanException explained(Throwable e) {
        return e instanceof LongspanException known
                ? known
                : new GenerationException("computing the answer failed: " + e, e);
    }
}
