package dev.longspan.tck;

import dev.longspan.spi.Backend;
import dev.longspan.spi.Batch;
import dev.longspan.spi.Checkpoint;
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
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * Compares a backend with the {@link Oracle} on random models, and a backend's states with each other.
 *
 * <p>Every failure is an {@link AssertionError} that begins with the seed; the same seed draws the same model, ids and
 * splits.
 */
public final class ModelChecks {
    private static final int LENGTH = 70;

    private final Backend backend;
    private final LanguageModel model;
    private final Random random;
    private final Tolerance tolerance;

    private ModelChecks(Backend backend, LanguageModel model, Random random) {
        this.backend = backend;
        this.model = model;
        this.random = random;
        this.tolerance = Tolerance.of(backend.capabilities());
    }

    /**
     * Draws a random model and makes all comparisons.
     *
     * @param backend an open backend that supports every network
     * @param seed decides model and ids
     * @throws AssertionError if something differs by more than the tolerance
     */
    public static void check(Backend backend, long seed) {
        RandomModel model = RandomModel.of(seed);
        oracle(backend, model.spec(), model.weights(), seed);
        states(backend, model.spec(), model.weights(), seed);
    }

    /**
     * Compares the logits of one forward, and the state it leaves, with the oracle's.
     *
     * <p>Compared are the positions before the first at which a choice of anchors or experts is too close to call.
     *
     * @param backend an open backend
     * @param spec a network it supports
     * @param weights its weights
     * @param seed decides the ids
     * @throws AssertionError if something differs by more than the tolerance
     */
    public static void oracle(Backend backend, ModelSpec spec, WeightSource weights, long seed) {
        run(backend, spec, weights, seed, checks -> checks.oracleAgrees(new Oracle(spec, weights)));
    }

    /**
     * Compares splits, batches, rollbacks, forks and transfers with one plain forward.
     *
     * @param backend an open backend
     * @param spec a network it supports
     * @param weights its weights
     * @param seed decides ids, splits and batches
     * @throws AssertionError if something differs by more than the tolerance, which is nothing with
     *     {@link Feature#BATCH_EXACT}
     */
    public static void states(Backend backend, ModelSpec spec, WeightSource weights, long seed) {
        run(backend, spec, weights, seed, ModelChecks::splitsDoNotMatter);
        run(backend, spec, weights, seed, ModelChecks::aBatchEqualsItsRuns);
        run(backend, spec, weights, seed, ModelChecks::aStateContinuesFromACheckpoint);
        if (backend.capabilities().has(Feature.CHECKPOINT_TRANSFER)) {
            run(backend, spec, weights, seed, ModelChecks::aReadCheckpointContinues);
        }
    }

    /** One comparison. */
    private interface Check {
        void run(ModelChecks checks);
    }

    private static void run(Backend backend, ModelSpec spec, WeightSource weights, long seed, Check check) {
        try (LanguageModel model = backend.load(spec, weights, LoadProgress.NONE)) {
            check.run(new ModelChecks(backend, model, new Random(seed)));
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError(
                    "seed " + seed + ", backend '" + backend.id() + "', layers " + spec.layers() + ": "
                            + e.getMessage(),
                    e);
        }
    }

    private void oracleAgrees(Oracle oracle) {
        for (int attempt = 0; attempt < 8; attempt++) {
            int[] ids = ids(LENGTH);
            OracleResult want = oracle.compute(ids);
            int compared = want.firstNarrow(tolerance.gap());
            try (SequenceState state = model.newState()) {
                List<float[]> got = feed(state, ids);
                for (int t = 0; t < compared; t++) {
                    tolerance.compare("logits at position " + t, got.get(t), want.logits(t), tolerance.oracle());
                }
                if (compared == LENGTH) {
                    compareState(state, want);
                }
            }
            if (compared >= LENGTH / 2) {
                return;
            }
        }
        // every drawing had a choice too close to call early on; what came before it was compared
    }

    private void compareState(SequenceState state, OracleResult want) {
        if (!backend.capabilities().has(Feature.CHECKPOINT_TRANSFER)) {
            return;
        }
        try (Checkpoint checkpoint = state.checkpoint()) {
            MemoryCheckpoint written = MemoryCheckpoint.of(checkpoint);
            for (String name : written.names()) {
                tolerance.compare(name, written.numbers(name), want.state(name), tolerance.oracle());
            }
        }
    }

    private void splitsDoNotMatter() {
        int[] ids = ids(LENGTH);
        List<float[]> want = plain(ids);
        for (int round = 0; round < 4; round++) {
            int longest = round == 0 ? 1 : 1 + random.nextInt(LENGTH);
            try (SequenceState state = model.newState()) {
                for (int from = 0; from < ids.length; ) {
                    int to = Math.min(ids.length, from + 1 + random.nextInt(longest));
                    same(
                            "fed in pieces, rows " + from + " to " + to,
                            piece(state, ids, from, to),
                            want.subList(from, to));
                    from = to;
                }
            }
        }
    }

    private void aBatchEqualsItsRuns() {
        int runs = Math.min(4, backend.capabilities().maxRuns());
        List<int[]> prompts = new ArrayList<>();
        List<List<float[]>> want = new ArrayList<>();
        List<SequenceState> states = new ArrayList<>();
        for (int i = 0; i < runs; i++) {
            int[] ids = ids(LENGTH / 2);
            prompts.add(ids);
            want.add(plain(ids));
            states.add(model.newState());
        }
        int[] done = new int[runs];
        List<Integer> left = new ArrayList<>();
        do {
            left.clear();
            for (int i = 0; i < runs; i++) {
                if (done[i] < prompts.get(i).length) {
                    left.add(i);
                }
            }
            Collections.shuffle(left, random);
            step(left.subList(0, left.isEmpty() ? 0 : 1 + random.nextInt(left.size())), prompts, states, done, want);
        } while (!left.isEmpty());
        states.forEach(SequenceState::close);
    }

    /** One batch of some of the sequences, in any order, with pieces of any size. */
    private void step(
            List<Integer> which,
            List<int[]> prompts,
            List<SequenceState> states,
            int[] done,
            List<List<float[]>> want) {
        if (which.isEmpty()) {
            return;
        }
        int each = Math.max(1, backend.capabilities().maxBatchTokens() / which.size());
        List<Run> runs = new ArrayList<>();
        for (int i : which) {
            int to = Math.min(prompts.get(i).length, done[i] + 1 + random.nextInt(Math.min(each, 12)));
            runs.add(new Run(states.get(i), prompts.get(i), done[i], to, done[i]));
        }
        List<RunResult> results = model.forward(new Batch(runs));
        for (int r = 0; r < runs.size(); r++) {
            int i = which.get(r);
            int to = done[i] + runs.get(r).size();
            same(
                    "run " + r + " of a batch of " + runs.size(),
                    rows(results.get(r)),
                    want.get(i).subList(done[i], to));
            done[i] = to;
        }
    }

    private void aStateContinuesFromACheckpoint() {
        int[] ids = ids(LENGTH);
        List<float[]> want = plain(ids);
        int at = 1 + random.nextInt(LENGTH - 2);
        int[] other = ids(LENGTH - at);
        int[] branch = Arrays.copyOf(ids, LENGTH);
        System.arraycopy(other, 0, branch, at, other.length);
        List<float[]> wantBranch = plain(branch);
        SequenceState first = model.newState();
        feed(first, Arrays.copyOf(ids, at));
        try (Checkpoint checkpoint = first.checkpoint()) {
            same("the original after its checkpoint", feed(first, tail(branch, at)), wantBranch.subList(at, LENGTH));
            first.close();
            try (SequenceState again = model.newState(checkpoint);
                    SequenceState fork = model.newState(checkpoint)) {
                require(again.length() == at, "a state from a checkpoint of " + at + " tokens has " + again.length());
                for (int t = at; t < LENGTH; t++) {
                    same("rolled back, position " + t, piece(again, ids, t, t + 1), want.subList(t, t + 1));
                    same("forked, position " + t, piece(fork, branch, t, t + 1), wantBranch.subList(t, t + 1));
                }
            }
            require(checkpoint.length() == at, "a checkpoint changed its length to " + checkpoint.length());
        }
    }

    private void aReadCheckpointContinues() {
        int[] ids = ids(LENGTH);
        List<float[]> want = plain(ids);
        int early = random.nextInt(LENGTH - 2);
        int at = early + 1 + random.nextInt(LENGTH - 1 - early);
        try (SequenceState state = model.newState()) {
            feed(state, Arrays.copyOf(ids, early));
            try (Checkpoint base = state.checkpoint()) {
                feed(state, Arrays.copyOfRange(ids, early, at));
                try (Checkpoint original = state.checkpoint();
                        Checkpoint read = model.readCheckpoint(MemoryCheckpoint.of(original));
                        Checkpoint onBase = model.readCheckpoint(MemoryCheckpoint.of(original), base);
                        SequenceState one = model.newState(read);
                        SequenceState two = model.newState(onBase)) {
                    same("continued from a read checkpoint", feed(one, tail(ids, at)), want.subList(at, LENGTH));
                    same("continued from one read on a base", feed(two, tail(ids, at)), want.subList(at, LENGTH));
                }
            }
        }
    }

    private static int[] tail(int[] ids, int from) {
        return Arrays.copyOfRange(ids, from, ids.length);
    }

    private int[] ids(int count) {
        int[] ids = new int[count];
        for (int i = 0; i < count; i++) {
            ids[i] = random.nextInt(model.spec().vocabularySize());
        }
        return ids;
    }

    private List<float[]> plain(int[] ids) {
        try (SequenceState state = model.newState()) {
            return feed(state, ids);
        }
    }

    /** Feeds all ids in as few calls as the backend allows. */
    private List<float[]> feed(SequenceState state, int[] ids) {
        int most = backend.capabilities().maxBatchTokens();
        List<float[]> rows = new ArrayList<>();
        for (int from = 0; from < ids.length; from += most) {
            rows.addAll(piece(state, ids, from, Math.min(ids.length, from + most)));
        }
        return rows;
    }

    private List<float[]> piece(SequenceState state, int[] ids, int from, int to) {
        List<float[]> rows = rows(
                model.forward(Batch.of(new Run(state, ids, from, to, from))).get(0));
        require(rows.size() == to - from, "asked for " + (to - from) + " rows of logits, found " + rows.size());
        return rows;
    }

    private static List<float[]> rows(RunResult result) {
        if (result instanceof RunResult.Failure failure) {
            throw new AssertionError("a run failed: " + failure.cause().getMessage(), failure.cause());
        }
        Logits logits = ((RunResult.Success) result).logits();
        List<float[]> rows = new ArrayList<>();
        for (int r = 0; r < logits.rows(); r++) {
            float[] row = new float[logits.vocabularySize()];
            logits.copyTo(r, row);
            int best = 0;
            for (int id = 1; id < row.length; id++) {
                best = row[id] > row[best] ? id : best;
            }
            require(logits.argMax(r) == best, "argMax answers " + logits.argMax(r) + ", the largest logit has " + best);
            rows.add(row);
        }
        return rows;
    }

    private void same(String what, List<float[]> got, List<float[]> want) {
        for (int r = 0; r < want.size(); r++) {
            tolerance.compare(what, got.get(r), Tensors.toDoubles(want.get(r)), tolerance.itself());
        }
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new AssertionError(otherwise);
        }
    }
}
