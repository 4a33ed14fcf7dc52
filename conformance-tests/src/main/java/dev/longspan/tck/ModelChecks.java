package dev.longspan.tck;

import dev.longspan.spi.Backend;
import dev.longspan.spi.Batch;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.Feature;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import dev.longspan.spi.WeightSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** Compares a model with the {@link Oracle}, and its states with each other. */
final class ModelChecks {
    private static final int LENGTH = 70;

    private final Driver driver;

    ModelChecks(Driver driver) {
        this.driver = driver;
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
    static void states(Backend backend, ModelSpec spec, WeightSource weights, long seed) {
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
            check.run(new ModelChecks(new Driver(backend, model, seed)));
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError(
                    "seed " + seed + ", backend '" + backend.id() + "', layers " + spec.layers() + ": "
                            + e.getMessage(),
                    e);
        }
    }

    void oracleAgrees(Oracle oracle) {
        for (int attempt = 0; attempt < 8; attempt++) {
            int[] ids = driver.ids(LENGTH);
            OracleResult want = oracle.compute(ids);
            int compared = want.firstNarrow(driver.tolerance().gap());
            try (SequenceState state = driver.model().newState()) {
                List<float[]> got = driver.feed(state, ids);
                for (int t = 0; t < compared; t++) {
                    driver.tolerance()
                            .compare(
                                    "logits at position " + t,
                                    got.get(t),
                                    want.logits(t),
                                    driver.tolerance().oracle());
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
        if (!driver.backend().capabilities().has(Feature.CHECKPOINT_TRANSFER)) {
            return;
        }
        try (Checkpoint checkpoint = state.checkpoint()) {
            MemoryCheckpoint written = MemoryCheckpoint.of(checkpoint);
            for (String name : written.names()) {
                driver.tolerance()
                        .compare(
                                name,
                                written.numbers(name),
                                want.state(name),
                                driver.tolerance().oracle());
            }
        }
    }

    void splitsDoNotMatter() {
        int[] ids = driver.ids(LENGTH);
        List<float[]> want = driver.plain(ids);
        for (int round = 0; round < 4; round++) {
            int longest = round == 0 ? 1 : 1 + driver.random().nextInt(LENGTH);
            try (SequenceState state = driver.model().newState()) {
                for (int from = 0; from < ids.length; ) {
                    int to = Math.min(ids.length, from + 1 + driver.random().nextInt(longest));
                    driver.same(
                            "fed in pieces, rows " + from + " to " + to,
                            driver.piece(state, ids, from, to),
                            want.subList(from, to));
                    from = to;
                }
            }
        }
    }

    void aBatchEqualsItsRuns() {
        int runs = Math.min(4, driver.backend().capabilities().maxRuns());
        List<int[]> prompts = new ArrayList<>();
        List<List<float[]>> want = new ArrayList<>();
        List<SequenceState> states = new ArrayList<>();
        for (int i = 0; i < runs; i++) {
            int[] ids = driver.ids(LENGTH / 2);
            prompts.add(ids);
            want.add(driver.plain(ids));
            states.add(driver.model().newState());
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
            Collections.shuffle(left, driver.random());
            step(
                    left.subList(0, left.isEmpty() ? 0 : 1 + driver.random().nextInt(left.size())),
                    prompts,
                    states,
                    done,
                    want);
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
        int each = Math.max(1, driver.backend().capabilities().maxBatchTokens() / which.size());
        List<Run> runs = new ArrayList<>();
        for (int i : which) {
            int to = Math.min(
                    prompts.get(i).length, done[i] + 1 + driver.random().nextInt(Math.min(each, 12)));
            runs.add(new Run(states.get(i), prompts.get(i), done[i], to, done[i]));
        }
        List<RunResult> results = driver.model().forward(new Batch(runs));
        for (int r = 0; r < runs.size(); r++) {
            int i = which.get(r);
            int to = done[i] + runs.get(r).size();
            driver.same(
                    "run " + r + " of a batch of " + runs.size(),
                    Driver.rows(results.get(r)),
                    want.get(i).subList(done[i], to));
            done[i] = to;
        }
    }

    void aStateContinuesFromACheckpoint() {
        int[] ids = driver.ids(LENGTH);
        List<float[]> want = driver.plain(ids);
        int at = 1 + driver.random().nextInt(LENGTH - 2);
        int[] other = driver.ids(LENGTH - at);
        int[] branch = Arrays.copyOf(ids, LENGTH);
        System.arraycopy(other, 0, branch, at, other.length);
        List<float[]> wantBranch = driver.plain(branch);
        SequenceState first = driver.model().newState();
        driver.feed(first, Arrays.copyOf(ids, at));
        try (Checkpoint checkpoint = first.checkpoint()) {
            driver.same(
                    "the original after its checkpoint",
                    driver.feed(first, Driver.tail(branch, at)),
                    wantBranch.subList(at, LENGTH));
            first.close();
            try (SequenceState again = driver.model().newState(checkpoint);
                    SequenceState fork = driver.model().newState(checkpoint)) {
                Driver.require(
                        again.length() == at, "a state from a checkpoint of " + at + " tokens has " + again.length());
                for (int t = at; t < LENGTH; t++) {
                    driver.same(
                            "rolled back, position " + t, driver.piece(again, ids, t, t + 1), want.subList(t, t + 1));
                    driver.same(
                            "forked, position " + t,
                            driver.piece(fork, branch, t, t + 1),
                            wantBranch.subList(t, t + 1));
                }
            }
            Driver.require(checkpoint.length() == at, "a checkpoint changed its length to " + checkpoint.length());
        }
    }

    void aReadCheckpointContinues() {
        int[] ids = driver.ids(LENGTH);
        List<float[]> want = driver.plain(ids);
        int early = driver.random().nextInt(LENGTH - 2);
        int at = early + 1 + driver.random().nextInt(LENGTH - 1 - early);
        try (SequenceState state = driver.model().newState()) {
            driver.feed(state, Arrays.copyOf(ids, early));
            try (Checkpoint base = state.checkpoint()) {
                driver.feed(state, Arrays.copyOfRange(ids, early, at));
                try (Checkpoint original = state.checkpoint();
                        Checkpoint read = driver.model().readCheckpoint(MemoryCheckpoint.of(original));
                        Checkpoint onBase = driver.model().readCheckpoint(MemoryCheckpoint.of(original), base);
                        SequenceState one = driver.model().newState(read);
                        SequenceState two = driver.model().newState(onBase)) {
                    driver.same(
                            "continued from a read checkpoint",
                            driver.feed(one, Driver.tail(ids, at)),
                            want.subList(at, LENGTH));
                    driver.same(
                            "continued from one read on a base",
                            driver.feed(two, Driver.tail(ids, at)),
                            want.subList(at, LENGTH));
                }
            }
        }
    }
}
