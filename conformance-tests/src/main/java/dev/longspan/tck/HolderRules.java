package dev.longspan.tck;

import static dev.longspan.tck.ConformanceRule.numeric;
import static dev.longspan.tck.ConformanceRule.required;
import static dev.longspan.tck.Driver.require;

import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendMemoryException;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.MemoryPlan;
import dev.longspan.spi.PlanOptions;
import dev.longspan.spi.SequenceState;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** The rules of pages that several states and checkpoints hold at once. */
final class HolderRules {
    /** More than 8 bits can count. */
    private static final int HOLDERS = 300;
    /** Past a full page of any usual size. */
    private static final int SHARED = 530;
    /** How many tokens a state has of whose pages bytes are counted, and how many checkpoints of it there are. */
    private static final int CONTEXT = 600;

    private static final int CHECKPOINTS = 8;
    /** How many tokens follow, each time. */
    private static final int STEPS = 8;

    private HolderRules() {}

    static List<ConformanceRule> all() {
        return List.of(
                numeric(
                        "S4.many",
                        "300 states from one checkpoint, and 300 checkpoints of one state, may be held at once",
                        "the count of a page's holders: 8 bits are too few for it, with a sign or without",
                        subject -> subject.once(() -> manyMayHold(subject))),
                required(
                        "S5.shared",
                        "full pages are shared: checkpoints of one state add what the plan has per sequence, no more",
                        "keys and values that a checkpoint copies",
                        subject -> subject.models(HolderRules::pagesAreShared)),
                required(
                        "S5.exclusive",
                        "exclusiveBytes is what closing frees",
                        "the counting of a page's holders",
                        subject -> subject.models((driver, model) -> exclusiveBytesAreFreed(driver))));
    }

    private static void manyMayHold(Subject subject) {
        Backend backend = subject.open();
        RandomModel model = TinyNetworks.withState(backend, subject.seed());
        Subject.requireState(backend, model.spec());
        Driver driver = Driver.load(backend, model, subject.seed());
        Sequence sequence = Sequence.of(driver);
        try (SequenceState state = driver.model().newState()) {
            driver.absorb(state, Driver.first(sequence.ids, SHARED), SHARED);
            try (Checkpoint checkpoint = state.checkpoint()) {
                manyStates(subject, sequence, checkpoint);
            }
            manyCheckpoints(subject, sequence, state);
        }
    }

    private static void manyStates(Subject subject, Sequence sequence, Checkpoint checkpoint) {
        List<SequenceState> states = held(subject, "states", () -> sequence.begin(checkpoint));
        SequenceState last = states.get(states.size() - 1);
        String of = " of " + states.size() + " states from one checkpoint";
        sequence.goesOn("the first" + of, states.get(0));
        sequence.goesOn("the last" + of, last);
        states.subList(0, states.size() - 1).forEach(SequenceState::close);
        sequence.takeWhatWasFreed();
        sequence.goesOn("the last" + of + ", of which all others are closed", last);
        last.close();
    }

    private static void manyCheckpoints(Subject subject, Sequence sequence, SequenceState state) {
        List<Checkpoint> checkpoints = held(subject, "checkpoints", state::checkpoint);
        Checkpoint last = checkpoints.get(checkpoints.size() - 1);
        String of = " of " + checkpoints.size() + " checkpoints of one state";
        sequence.goesOnFrom("the first" + of, checkpoints.get(0));
        sequence.goesOnFrom("the last" + of, last);
        checkpoints.subList(0, checkpoints.size() - 1).forEach(Checkpoint::close);
        sequence.takeWhatWasFreed();
        sequence.goesOnFrom("the last" + of + ", of which all others are closed", last);
        sequence.goesOn("the state behind them", state);
        last.close();
    }

    /** As many as there should be, or as fit. */
    private static <T> List<T> held(Subject subject, String what, Supplier<T> next) {
        List<T> all = new ArrayList<>();
        try {
            while (all.size() < HOLDERS) {
                all.add(next.get());
            }
        } catch (BackendMemoryException e) {
            if (all.isEmpty()) {
                throw e;
            }
            subject.note("checked with " + all.size() + " of " + HOLDERS + " " + what + ": no more fit");
        }
        return all;
    }

    private static void pagesAreShared(Driver driver, RandomModel model) {
        Backend backend = driver.backend();
        MemoryPlan plan = backend.plan(model.spec(), new PlanOptions(1, 1, CONTEXT));
        SequenceState state = driver.model().newState();
        driver.absorb(state, driver.ids(CONTEXT), CONTEXT);
        long before = backend.memory().used().totalBytes();
        List<Checkpoint> all = new ArrayList<>();
        for (int i = 0; i < CHECKPOINTS; i++) {
            all.add(state.checkpoint());
        }
        List<SequenceState> forks = new ArrayList<>();
        for (Checkpoint each : all) {
            forks.add(driver.model().newState(each));
        }
        long added = backend.memory().used().totalBytes() - before;
        long allowed = 2L * CHECKPOINTS * plan.perSequence().totalBytes();
        require(
                added <= allowed,
                CHECKPOINTS + " checkpoints and forks of " + CONTEXT + " tokens add " + added
                        + " bytes, expected at most " + allowed + ": what the plan has per sequence");
        forks.forEach(SequenceState::close);
        all.forEach(Checkpoint::close);
        long after = backend.memory().used().totalBytes();
        require(after == before, "closed checkpoints and forks leave memory: " + before + " bytes, then " + after);
    }

    private static void exclusiveBytesAreFreed(Driver driver) {
        Backend backend = driver.backend();
        SequenceState state = driver.model().newState();
        driver.absorb(state, driver.ids(CONTEXT), CONTEXT);
        require(
                state.exclusiveBytes() == state.bytes(),
                "a state alone has " + state.bytes() + " bytes, exclusive " + state.exclusiveBytes());
        Checkpoint checkpoint = state.checkpoint();
        require(state.exclusiveBytes() <= state.bytes(), "more bytes are exclusive than there are");
        MemoryPlan plan = backend.plan(driver.model().spec(), new PlanOptions(1, 1, CONTEXT));
        boolean paged = plan.perToken().times(CONTEXT).totalBytes()
                > 2 * plan.perSequence().totalBytes();
        require(
                !paged || state.exclusiveBytes() < state.bytes(),
                "a state beside its checkpoint says that all its " + state.bytes() + " bytes are exclusive");
        frees("a checkpoint beside its state", driver, checkpoint.exclusiveBytes(), checkpoint::close);
        forksAreCounted(driver, state);
        Checkpoint last = state.checkpoint();
        state.close();
        require(
                last.exclusiveBytes() == last.bytes(),
                "a checkpoint alone has " + last.bytes() + " bytes, exclusive " + last.exclusiveBytes());
        frees("a checkpoint alone", driver, last.exclusiveBytes(), last::close);
    }

    private static void forksAreCounted(Driver driver, SequenceState state) {
        long whole = state.bytes();
        long rounding = driver.backend()
                .plan(driver.model().spec(), new PlanOptions(1, 1, CONTEXT))
                .perSequence()
                .totalBytes();
        Checkpoint checkpoint = state.checkpoint();
        SequenceState fork = driver.model().newState(checkpoint);
        SequenceState other = driver.model().newState(checkpoint);
        for (long bytes : new long[] {checkpoint.bytes(), fork.bytes()}) {
            require(
                    Math.abs(bytes - whole) <= rounding,
                    "a checkpoint or a fork of a state of " + whole + " bytes has " + bytes
                            + ": what is shared counts for each");
        }
        frees("a fork beside others", driver, fork.exclusiveBytes(), fork::close);
        driver.absorb(other, driver.ids(CONTEXT), CONTEXT);
        frees("a fork that went on", driver, other.exclusiveBytes(), other::close);
        frees("a checkpoint behind its forks", driver, checkpoint.exclusiveBytes(), checkpoint::close);
    }

    /** Requires that closing frees what was said. */
    static void frees(String what, Driver driver, long promised, Runnable close) {
        long before = driver.usedBytes();
        close.run();
        long freed = before - driver.usedBytes();
        require(freed == promised, what + " says " + promised + " bytes are exclusive, closing frees " + freed);
    }

    /** What a state goes on with behind a checkpoint, and what must come of it. */
    @SuppressWarnings("ArrayRecordComponent") // lives as long as the rule, and the array is never written to
    private record Sequence(Driver driver, int[] ids, List<float[]> want) {
        static Sequence of(Driver driver) {
            int[] ids = driver.ids(SHARED + 2 * STEPS);
            return new Sequence(driver, ids, driver.plain(ids));
        }

        SequenceState begin(Checkpoint checkpoint) {
            return driver.model().newState(checkpoint);
        }

        void goesOn(String what, SequenceState state) {
            int from = state.length();
            int to = from + STEPS;
            driver.same(what, driver.piece(state, ids, from, to), want.subList(from, to));
        }

        void goesOnFrom(String what, Checkpoint checkpoint) {
            try (SequenceState state = begin(checkpoint)) {
                goesOn(what, state);
            }
        }

        /** Another sequence, which overwrites pages that are free. */
        void takeWhatWasFreed() {
            driver.plain(driver.ids(ids.length));
        }
    }
}
