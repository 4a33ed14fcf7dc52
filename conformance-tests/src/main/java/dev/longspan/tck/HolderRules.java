package dev.longspan.tck;

import static dev.longspan.tck.ConformanceRule.numeric;

import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendMemoryException;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.SequenceState;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** The rules of pages that many states and checkpoints hold at once. */
final class HolderRules {
    /** More than 8 bits can count. */
    private static final int HOLDERS = 300;
    /** Past a full page of any usual size. */
    private static final int SHARED = 530;
    /** How many tokens follow, each time. */
    private static final int STEPS = 8;

    private HolderRules() {}

    static List<ConformanceRule> all() {
        return List.of(numeric(
                "S4.many",
                "300 states from one checkpoint, and 300 checkpoints of one state, may be held at once",
                "the count of a page's holders: 8 bits are too few for it, with a sign or without",
                subject -> subject.once(() -> manyMayHold(subject))));
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
