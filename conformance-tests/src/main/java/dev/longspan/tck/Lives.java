package dev.longspan.tck;

import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.BackendProvider;
import dev.longspan.spi.Batch;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What is done with a backend in its life, in small. */
final class Lives {
    private static final int OPENINGS = 50;
    /** Fewer of openings that are slow, so that a round of them takes about so long. */
    private static final long ROUND_SECONDS = 60;

    private static final int FEWEST = 5;

    private Lives() {}

    /** Opens, loads, computes, closes. */
    static void once(BackendProvider provider, BackendOptions options, long seed) {
        try (Backend backend = provider.open(options)) {
            everything(Driver.load(backend, Subject.supported(backend, RandomModel::spec, seed), seed));
        }
    }

    /** How often a backend is opened in a round, by how long that takes once. */
    static int openings(BackendProvider provider, BackendOptions options) {
        long began = System.nanoTime();
        once(provider, options, 3);
        long took = System.nanoTime() - began;
        return (int) Math.max(FEWEST, Math.min(OPENINGS, TimeUnit.SECONDS.toNanos(ROUND_SECONDS) / took));
    }

    /** Tells if these were fewer than usual. */
    static void noteOpenings(Subject subject, int openings) {
        if (openings < OPENINGS) {
            subject.note("as opening is slow, checked with " + openings + " of " + OPENINGS + " openings");
        }
    }

    /** Everything that a model can do: a prompt, steps, a batch, checkpoints, forks, transfers. */
    static void everything(Driver driver) {
        int[] ids = driver.ids(20);
        try (SequenceState state = driver.model().newState()) {
            driver.feed(state, ids);
            batch(driver);
            briefly(driver, state);
        }
    }

    private static void batch(Driver driver) {
        int runs = Math.min(3, driver.backend().capabilities().maxRuns());
        int tokens = Math.max(1, Math.min(4, driver.backend().capabilities().maxBatchTokens() / runs));
        List<SequenceState> states = new ArrayList<>();
        Run[] all = new Run[Math.min(runs, driver.backend().capabilities().maxBatchTokens())];
        for (int i = 0; i < all.length; i++) {
            states.add(driver.model().newState());
            all[i] = Run.last(states.get(i), driver.ids(tokens));
        }
        driver.forward(all);
        states.forEach(SequenceState::close);
    }

    /** Many states, forks, checkpoints and transfers, one after the other, of one model. */
    static void many(Driver driver, int count) {
        int[] ids = driver.ids(3);
        for (int i = 0; i < count; i++) {
            try (SequenceState state = driver.model().newState()) {
                driver.absorb(state, ids, ids.length);
                briefly(driver, state);
            }
        }
    }

    /** Many models, one after the other; each has weights of its own, which somebody may keep, and is closed with what it has made. */
    static void loading(Backend backend, int count) {
        for (int i = 0; i < count; i++) {
            Driver driver = Driver.load(backend, Subject.supported(backend, RandomModel::spec, 3), 3);
            SequenceState left = driver.model().newState();
            driver.absorb(left, driver.ids(1), 1);
            left.checkpoint();
            driver.model().close();
        }
    }

    /** Many runs that fail, and batches that are refused. */
    static void failing(Driver poisoned, int count) {
        for (int i = 0; i < count; i++) {
            try (SequenceState state = poisoned.model().newState()) {
                Driver.refused(
                        "a batch with a negative id",
                        () -> poisoned.model().forward(Batch.of(Run.last(state, -1))),
                        IllegalArgumentException.class,
                        IllegalStateException.class);
                Driver.require(
                        poisoned.forward(Run.last(state, BatchRules.BAD)).get(0) instanceof RunResult.Failure,
                        "a run with NaN in it did not fail");
            }
        }
    }

    /** All that can go wrong: runs that fail, batches and loads that are refused, memory that is short. */
    static void faults(Subject subject, long seed) {
        try (Backend backend = subject.provider().open(subject.options())) {
            RandomModel model = Subject.supported(backend, RandomModel::spec, seed);
            faults(Driver.load(backend, model, seed), model, seed);
        }
        if (subject.limitsMemory()) {
            ShortMemoryRules.shortages(subject, seed);
        }
    }

    /** What can go wrong with a model. */
    static void faults(Driver driver, RandomModel model, long seed) {
        Driver poisoned = BatchRules.poisoned(driver, model, seed);
        provoke(() -> failing(poisoned, 1));
        String first = model.spec().tensors().get(0).name();
        provoke(() -> driver.backend()
                .load(model.spec(), model.weights().without(first), LoadProgress.NONE)
                .close());
    }

    /** Lets something go wrong, in whatever way. */
    static void provoke(Driver.Call fault) {
        try {
            fault.make();
        } catch (RuntimeException | AssertionError e) {
            // whether it is the right one is the matter of other rules
        }
    }

    private static void briefly(Driver driver, SequenceState state) {
        int[] next = driver.ids(1);
        try (Checkpoint checkpoint = state.checkpoint();
                SequenceState fork = driver.model().newState(checkpoint)) {
            driver.absorb(fork, next, 1);
            if (driver.transfers()) {
                MemoryCheckpoint written = MemoryCheckpoint.of(checkpoint);
                driver.model().readCheckpoint(written, checkpoint).close();
                try (Checkpoint read = driver.model().readCheckpoint(written);
                        SequenceState again = driver.model().newState(read)) {
                    driver.absorb(again, next, 1);
                }
            }
        }
    }

    /** Makes the workspace as large as it becomes within a plan, if it is made late. */
    static void warm(Driver driver, int runs, int tokens) {
        int[] ids = driver.ids(tokens);
        try (SequenceState state = driver.model().newState()) {
            driver.absorb(state, ids, tokens);
            driver.piece(state, ids, 0, 1);
        }
        try (SequenceState state = driver.model().newState()) {
            driver.piece(state, ids, 0, tokens);
        }
        for (int each : new int[] {tokens / runs, 1}) {
            List<SequenceState> states = new ArrayList<>();
            Run[] all = new Run[runs];
            for (int i = 0; i < runs && each > 0; i++) {
                states.add(driver.model().newState());
                all[i] = new Run(states.get(i), ids, 0, each, 0);
            }
            if (each > 0 && runs * each <= tokens) {
                driver.forward(all);
            }
            states.forEach(SequenceState::close);
        }
    }

    /** The same with as many runs and tokens as a rule needs, if the backend takes as many. */
    static void warm(Driver driver) {
        int tokens = Math.min(64, driver.backend().capabilities().maxBatchTokens());
        warm(driver, Math.min(4, driver.backend().capabilities().maxRuns()), tokens);
    }
}
