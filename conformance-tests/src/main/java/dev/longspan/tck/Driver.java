package dev.longspan.tck;

import dev.longspan.spi.Backend;
import dev.longspan.spi.Batch;
import dev.longspan.spi.Capabilities;
import dev.longspan.spi.Feature;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.Logits;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import dev.longspan.spi.WeightSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/** Feeds a loaded model, and compares what it answers. */
final class Driver {
    private final Backend backend;
    private final LanguageModel model;
    private final Random random;
    private final Tolerance tolerance;

    Driver(Backend backend, LanguageModel model, long seed) {
        this.backend = backend;
        this.model = model;
        this.random = new Random(seed);
        this.tolerance = Tolerance.of(backend.capabilities());
    }

    static Driver load(Backend backend, RandomModel model, long seed) {
        return load(backend, model.spec(), model.weights(), seed);
    }

    static Driver load(Backend backend, ModelSpec spec, WeightSource weights, long seed) {
        return new Driver(backend, backend.load(spec, weights, LoadProgress.NONE), seed);
    }

    Backend backend() {
        return backend;
    }

    LanguageModel model() {
        return model;
    }

    Random random() {
        return random;
    }

    Tolerance tolerance() {
        return tolerance;
    }

    /** Whether checkpoints can be written and read. */
    boolean transfers() {
        return backend.capabilities().has(Feature.CHECKPOINT_TRANSFER);
    }

    /** What the backend holds at present, in bytes. */
    long usedBytes() {
        return backend.memory().used().totalBytes();
    }

    int[] ids(int count) {
        return RandomModel.ids(random, model.spec(), count);
    }

    static int[] first(int[] ids, int count) {
        return Arrays.copyOf(ids, count);
    }

    static int[] tail(int[] ids, int from) {
        return Arrays.copyOfRange(ids, from, ids.length);
    }

    /** The logits of all positions, computed in a state of its own in as few calls as the backend allows. */
    List<float[]> plain(int[] ids) {
        try (SequenceState state = model.newState()) {
            return feed(state, ids);
        }
    }

    /** Feeds all ids in as few calls as the backend allows. */
    List<float[]> feed(SequenceState state, int[] ids) {
        return piece(state, ids, 0, ids.length);
    }

    /** Feeds all ids and asks for no logits. */
    void absorb(SequenceState state, int[] ids, int piece) {
        int most = Math.min(piece, backend.capabilities().maxBatchTokens());
        for (int from = 0, to; from < ids.length; from = to) {
            to = from + Math.min(ids.length - from, most);
            success(model.forward(Batch.of(new Run(state, ids, from, to, to))).get(0));
        }
    }

    /** Feeds some ids in one call, or in more if the backend does not take so many at once. */
    List<float[]> piece(SequenceState state, int[] ids, int from, int to) {
        int most = backend.capabilities().maxBatchTokens();
        List<float[]> all = new ArrayList<>();
        for (int at = from, end; at < to; at = end) {
            end = at + Math.min(to - at, most);
            List<float[]> rows = rows(forward(new Run(state, ids, at, end, at)).get(0));
            require(rows.size() == end - at, "asked for " + (end - at) + " rows of logits, found " + rows.size());
            all.addAll(rows);
        }
        return all;
    }

    /** So many tokens, or as many as a batch may have if these are fewer. */
    int most(int tokens) {
        return Math.min(tokens, backend.capabilities().maxBatchTokens());
    }

    /** Whether a batch may be so large. */
    boolean takes(int runs, int tokens) {
        return runs <= backend.capabilities().maxRuns()
                && tokens <= backend.capabilities().maxBatchTokens();
    }

    /** Requires that a batch may be so large, where a rule cannot do with less. */
    void requireBatch(int runs, int tokens) {
        if (!takes(runs, tokens)) {
            Capabilities capabilities = backend.capabilities();
            throw new NotApplicable("it takes batches of " + capabilities.maxRuns() + " runs and "
                    + capabilities.maxBatchTokens() + " tokens, this rule needs " + runs + " and " + tokens);
        }
    }

    List<RunResult> forward(Run... runs) {
        List<RunResult> results = model.forward(Batch.of(runs));
        require(
                results.size() == runs.length,
                "a batch of " + runs.length + " runs has " + results.size() + " results");
        return results;
    }

    static Logits success(RunResult result) {
        if (result instanceof RunResult.Failure failure) {
            throw new AssertionError("a run failed: " + failure.cause().getMessage(), failure.cause());
        }
        return ((RunResult.Success) result).logits();
    }

    static List<float[]> rows(RunResult result) {
        Logits logits = success(result);
        List<float[]> rows = new ArrayList<>();
        for (int r = 0; r < logits.rows(); r++) {
            float[] row = new float[logits.vocabularySize()];
            logits.copyTo(r, row);
            rows.add(row);
        }
        return rows;
    }

    /** The lowest id among those with the largest logit. */
    static int lowestOfTheLargest(float[] row) {
        int lowest = 0;
        for (int id = 1; id < row.length; id++) {
            lowest = row[id] > row[lowest] ? id : lowest;
        }
        return lowest;
    }

    /** Compares with the model's own results in another split or batch. */
    void same(String what, List<float[]> got, List<float[]> want) {
        require(got.size() == want.size(), what + ": expected " + want.size() + " rows, found " + got.size());
        for (int r = 0; r < want.size(); r++) {
            tolerance.compare(what, got.get(r), Tensors.toDoubles(want.get(r)), tolerance.itself());
        }
    }

    static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new AssertionError(otherwise);
        }
    }

    /** Waits for what runs on another thread; its fault is the rule's. */
    static void finish(String what, Future<?> beside) throws InterruptedException {
        try {
            beside.get();
        } catch (ExecutionException e) {
            throw new AssertionError(what + ": " + e.getCause(), e.getCause());
        }
    }

    /** Something that must be refused. */
    interface Call {
        void make();
    }

    /** Requires that a call throws an exception of a type; answers it. */
    static RuntimeException refused(String what, Call call, Class<? extends RuntimeException> type) {
        return refused(what, call, type, type);
    }

    /** Requires that a call throws an exception of one of two types; answers it. */
    static RuntimeException refused(
            String what, Call call, Class<? extends RuntimeException> type, Class<? extends RuntimeException> orType) {
        String names = type.getSimpleName() + (type.equals(orType) ? "" : " or " + orType.getSimpleName());
        try {
            call.make();
        } catch (RuntimeException e) {
            require(type.isInstance(e) || orType.isInstance(e), what + ": expected " + names + ", found " + e);
            return e;
        }
        throw new AssertionError(what + ": expected " + names + ", found no exception");
    }
}
