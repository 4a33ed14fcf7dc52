package dev.longspan.tck;

import static dev.longspan.tck.ConformanceRule.required;
import static dev.longspan.tck.Driver.require;

import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendMemoryException;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.MemoryPlan;
import dev.longspan.spi.MemorySize;
import dev.longspan.spi.PlanOptions;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/** The rules of a backend that has too little memory. */
final class ShortMemoryRules {
    private static final int CONTEXT = 600;
    private static final int SHORT = 50;
    private static final int RUNS = 3;
    /** The most and the fewest tokens that a run of a batch has. */
    private static final int MOST = 200;

    private static final int LEAST = 4;
    /** Far more states and checkpoints than fit. */
    private static final int MANY = 20_000;
    /** For how many sequences there is memory beside the first: what is the same for all lengths may be most of it. */
    private static final int SPARE = 4;

    private ShortMemoryRules() {}

    static List<ConformanceRule> all() {
        return List.of(
                required(
                        "M4.refused",
                        "what does not fit is refused with BackendMemoryException, and everything else goes on",
                        "an allocation in the middle of a batch: take all memory before anything is changed",
                        subject -> withLittle(subject, CONTEXT, (driver, model, plan) -> fillsUp(driver))),
                required(
                        "M4.load",
                        "a model that does not fit is refused with BackendMemoryException, and leaves nothing",
                        "free what was taken before the allocation that failed",
                        subject -> subject.cases(seed -> aLoadThatDoesNotFitLeavesNothing(subject, seed))),
                required(
                        "M4.batch",
                        "in a batch that does not fit as a whole the runs that do not fit fail alone, and leave no memory",
                        "pages that a run took before the one it could not have: they are its state's, or are given back",
                        subject -> withLittle(subject, CONTEXT, ShortMemoryRules::runsThatDoNotFitFailAlone)),
                required(
                        "M4.held",
                        "checkpoints, states from them and readings that do not fit are refused, and take nothing",
                        "free what was taken before the allocation that failed, and let go of the pages that are shared",
                        subject -> withLittle(subject, CONTEXT, (driver, model, plan) -> whatIsHeldIsRefused(driver))));
    }

    /** A model in a backend with little memory. */
    private interface Tight {
        void check(Driver driver, RandomModel model, MemoryPlan plan);
    }

    /** Draws models, each loaded into a backend with memory for one sequence of so many tokens, and some short ones. */
    private static void withLittle(Subject subject, int tokens, Tight each) throws Exception {
        subject.cases(seed -> withLittle(subject, seed, tokens, each));
    }

    private static void withLittle(Subject subject, long seed, int tokens, Tight each) {
        RandomModel model;
        MemoryPlan plan;
        try (Backend backend = subject.open()) {
            model = Subject.supported(backend, RandomModel::withoutChoices, seed);
            plan = backend.plan(model.spec(), new PlanOptions(runs(backend), tokens(backend), CONTEXT));
            int context = CONTEXT + longer(plan);
            plan = backend.plan(model.spec(), new PlanOptions(runs(backend), tokens(backend), context));
        }
        if (plan.sequence(tokens).totalBytes() == 0) {
            throw new NotApplicable("its states take no memory");
        }
        MemorySize room = plan.weights()
                .plus(plan.workspace())
                .plus(plan.sequence(tokens))
                .plus(plan.perSequence().times(SPARE));
        try (Backend tight = subject.openWithMemory(room.totalBytes())) {
            Driver driver = Driver.load(tight, model, seed);
            // no later than now is the workspace as large as it becomes
            Lives.warm(driver, runs(tight), Math.min(CONTEXT - 1, tokens(tight)));
            each.check(driver, model, plan);
        }
    }

    /** Lets all run out of memory that can: a run, checkpoints, states, and a load. */
    static void shortages(Subject subject, long seed) {
        Lives.provoke(() -> withLittle(subject, seed, CONTEXT, (driver, model, plan) -> {
            Lives.provoke(() -> grows(driver, CONTEXT + longer(plan)));
            Lives.provoke(() -> whatIsHeldIsRefused(driver));
            Lives.provoke(() -> fillsUp(driver));
        }));
        Lives.provoke(() -> aLoadThatDoesNotFitLeavesNothing(subject, seed));
    }

    private static void grows(Driver driver, int tokens) {
        try (SequenceState state = driver.model().newState()) {
            driver.absorb(state, driver.ids(tokens), tokens(driver.backend()));
        }
    }

    /** How many tokens the memory of an empty sequence may hold, since it has a page. */
    private static int rounding(MemoryPlan plan) {
        long perToken = plan.perToken().totalBytes();
        return perToken == 0 ? 0 : (int) Math.min(MANY, plan.perSequence().totalBytes() / perToken + 1);
    }

    /** How many more tokens than that of a sequence are sure to end the memory there is. */
    private static int longer(MemoryPlan plan) {
        return Math.min(MANY, CONTEXT + SPARE * rounding(plan));
    }

    private static int runs(Backend backend) {
        return Math.min(RUNS, backend.capabilities().maxRuns());
    }

    /** The most tokens of a batch of these rules. */
    private static int tokens(Backend backend) {
        return Math.min(RUNS * MOST, backend.capabilities().maxBatchTokens());
    }

    private static void aLoadThatDoesNotFitLeavesNothing(Subject subject, long seed) {
        RandomModel model;
        long weights;
        try (Backend backend = subject.open()) {
            model = Subject.supported(backend, RandomModel::withoutChoices, seed);
            weights = backend.plan(model.spec(), new PlanOptions(1, 1, 1))
                    .weights()
                    .totalBytes();
        }
        try (Backend tiny = subject.openWithMemory(weights / 2)) {
            MemorySize before = tiny.memory().used();
            Driver.refused(
                    "load into too little memory",
                    () -> tiny.load(model.spec(), model.weights(), LoadProgress.NONE)
                            .close(),
                    BackendMemoryException.class);
            require(tiny.memory().used().equals(before), "the refused load leaves memory");
        }
    }

    /** Takes states until there is no more memory; the first must not notice. */
    private static void fillsUp(Driver driver) {
        int[] ids = driver.ids(60);
        List<float[]> want = driver.plain(ids);
        SequenceState first = driver.model().newState();
        driver.feed(first, Driver.first(ids, 30));
        List<SequenceState> others = full(driver);
        others.forEach(SequenceState::close);
        driver.same(
                "a state beside those that did not fit",
                driver.feed(first, Driver.tail(ids, 30)),
                want.subList(30, 60));
    }

    /** Takes short states until there is no more memory. */
    private static List<SequenceState> full(Driver driver) {
        List<SequenceState> states = new ArrayList<>();
        long before = driver.usedBytes();
        boolean full = !another(driver, states);
        if (!full && driver.usedBytes() == before) {
            throw new NotApplicable("its states take no memory");
        }
        for (int i = 0; i < MANY && !full; i++) {
            full = !another(driver, states);
        }
        require(full, "more and more states are taken with a limit on memory");
        return states;
    }

    /** Whether one more state could be made and fed. */
    private static boolean another(Driver driver, List<SequenceState> others) {
        try {
            SequenceState state = driver.model().newState();
            others.add(state);
            int[] ids = new int[SHORT];
            Arrays.fill(ids, driver.ids(1)[0]);
            int most = tokens(driver.backend());
            boolean fits = true;
            for (int at = 0; at < SHORT && fits; at += most) {
                int to = Math.min(SHORT, at + most);
                fits = fits(driver.forward(new Run(state, ids, at, to, to)).get(0));
            }
            return fits;
        } catch (BackendMemoryException e) {
            return false;
        }
    }

    /** Whether a run had the memory it needs; it may fail for nothing else. */
    private static boolean fits(RunResult result) {
        if (result instanceof RunResult.Failure failure) {
            require(
                    failure.cause() instanceof BackendMemoryException,
                    "a run that does not fit fails with " + failure.cause());
            return false;
        }
        return true;
    }

    private static void runsThatDoNotFitFailAlone(Driver driver, RandomModel model, MemoryPlan plan) {
        driver.requireBatch(RUNS, RUNS * LEAST);
        if (plan.perToken().totalBytes() == 0) {
            throw new NotApplicable("its states do not grow");
        }
        int piece = Math.min(MOST, driver.backend().capabilities().maxBatchTokens() / RUNS);
        int rounding = rounding(plan);
        int[] ids = driver.ids(CONTEXT + longer(plan));
        // the workspace is as large as it becomes: by the largest batch, and by the longest sequence
        growTogether(driver, ids, piece, piece);
        try (SequenceState longest = driver.model().newState()) {
            driver.absorb(longest, Driver.first(ids, CONTEXT), piece);
        }
        List<SequenceState> others = full(driver);
        int room = Math.min(others.size(), CONTEXT / SHORT);
        others.subList(others.size() - room, others.size()).forEach(SequenceState::close);
        growTogether(driver, ids, piece, ids.length); // as far as it goes, which is farther where pages are large
        long before = driver.usedBytes();
        List<Integer> pieces = rounding > CONTEXT ? List.of(piece) : List.of(piece, 2 * piece / 3, piece / 2);
        for (int each : pieces) {
            require(
                    growTogether(driver, ids, each, ids.length),
                    ids.length + " tokens fit three times where there was memory for " + CONTEXT);
            long after = driver.usedBytes();
            require(after == before, "runs that did not fit leave memory: " + before + " bytes, then " + after);
        }
        others.forEach(SequenceState::close);
    }

    /** Grows three states together until some no longer fit, which is answered; each must hold what it holds alone. */
    private static boolean growTogether(Driver driver, int[] ids, int piece, int end) {
        List<SequenceState> states = new ArrayList<>();
        boolean[] failed = new boolean[RUNS];
        int at = 0;
        try {
            emptyStates(driver, states);
            while (at + piece <= end && !(failed[0] || failed[1] || failed[2])) {
                Run[] runs = new Run[RUNS];
                for (int i = 0; i < RUNS; i++) {
                    runs[i] = new Run(states.get(i), ids, at, at + piece, at + piece - 1);
                }
                List<RunResult> results = driver.forward(runs);
                at += piece;
                List<float[]> last = new ArrayList<>();
                for (int i = 0; i < RUNS; i++) {
                    failed[i] = !fits(results.get(i));
                    if (!failed[i]) {
                        last.addAll(Driver.rows(results.get(i)));
                    }
                }
                for (float[] row : last) {
                    driver.same("runs beside one that does not fit", List.of(row), last.subList(0, 1));
                }
            }
            goesOn(driver, ids, at, states, failed);
            return failed[0] || failed[1] || failed[2];
        } finally {
            states.forEach(SequenceState::close);
        }
    }

    private static void emptyStates(Driver driver, List<SequenceState> states) {
        try {
            for (int i = 0; i < RUNS; i++) {
                states.add(driver.model().newState());
            }
        } catch (BackendMemoryException e) {
            throw new NotApplicable("three empty states do not fit into the memory of one of " + CONTEXT + " tokens");
        }
    }

    /** Those that had their memory, once there is memory again, as one that is alone. */
    private static void goesOn(Driver driver, int[] ids, int at, List<SequenceState> states, boolean... failed) {
        SequenceState left = null;
        for (int i = 0; i < RUNS; i++) {
            if (failed[i] || left != null) {
                states.get(i).close();
            } else {
                left = states.get(i);
            }
        }
        if (left != null) {
            require(left.length() == at, "a state of " + at + " tokens has length " + left.length());
            List<float[]> got = driver.piece(left, ids, at, at + 1);
            left.close();
            try (SequenceState alone = driver.model().newState()) {
                driver.absorb(alone, Driver.first(ids, at), Math.min(at, tokens(driver.backend())));
                driver.same("a state beside runs that did not fit", got, driver.piece(alone, ids, at, at + 1));
            }
        }
    }

    private static void whatIsHeldIsRefused(Driver driver) {
        int[] ids = driver.ids(65);
        SequenceState state = driver.model().newState();
        driver.absorb(state, Driver.first(ids, 60), 60);
        Checkpoint first = state.checkpoint();
        until("checkpoints", driver, state::checkpoint);
        until("states from a checkpoint", driver, () -> driver.model().newState(first));
        if (driver.transfers()) {
            MemoryCheckpoint written = MemoryCheckpoint.of(first);
            until("checkpoints that are read", driver, () -> driver.model().readCheckpoint(written));
            until("checkpoints on a base", driver, () -> driver.model().readCheckpoint(written, first));
        }
        List<float[]> got = driver.piece(state, ids, 60, 65);
        state.close();
        first.close();
        driver.same("a state beside what did not fit", got, driver.plain(ids).subList(60, 65));
    }

    /** Takes more and more, until it is refused; then gives all of it back. */
    private static void until(String what, Driver driver, Supplier<? extends AutoCloseable> next) {
        long before = driver.usedBytes();
        List<AutoCloseable> taken = new ArrayList<>();
        boolean refused = false;
        boolean grows = true;
        while (!refused && grows && taken.size() < MANY) {
            long held = driver.usedBytes();
            try {
                taken.add(next.get());
                grows = driver.usedBytes() > held;
            } catch (BackendMemoryException e) {
                refused = true;
                require(
                        driver.usedBytes() == held,
                        what + " that do not fit leave memory: " + held + ", " + driver.usedBytes());
            }
        }
        require(refused || !grows, "more and more " + what + " are taken with a limit on memory");
        for (AutoCloseable each : taken) {
            try {
                each.close();
            } catch (Exception e) {
                throw new AssertionError("close threw " + e, e);
            }
        }
        require(driver.usedBytes() == before, what + " leave memory: " + before + " bytes, then " + driver.usedBytes());
    }
}
