package dev.longspan.tck;

import static dev.longspan.tck.ConformanceRule.numeric;
import static dev.longspan.tck.ConformanceRule.required;
import static dev.longspan.tck.Driver.require;

import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.SequenceState;
import java.util.Arrays;
import java.util.List;

/** The rules of states and checkpoints. */
final class StateRules {
    private static final int LENGTH = 70;

    private StateRules() {}

    static List<ConformanceRule> all() {
        return List.of(
                required(
                        "S1.grows",
                        "a state only grows, from length 0 or from the length of its checkpoint",
                        "the length is that of the ids absorbed, whatever was asked for",
                        subject -> subject.models((driver, model) -> statesGrow(driver))),
                numeric(
                        "S2.immutable",
                        "what happens later to any state does not change a checkpoint",
                        "the last, partial page and the recurrent states must be copied",
                        subject -> subject.states((driver, model) -> checkpointsDoNotChange(driver))),
                numeric(
                        "S3.back",
                        "a state from a checkpoint continues exactly as the original would have",
                        "the convolution's inputs and the recurrent state of every layer, at the very position",
                        subject -> subject.states((driver, model) -> goingBackIsExact(driver))),
                numeric(
                        "S4.forks",
                        "states from one checkpoint are independent of each other",
                        "a page that two states write to: what is not full is copied for each",
                        subject -> subject.states((driver, model) -> forksAreIndependent(driver))),
                numeric(
                        "S6.lives",
                        "a checkpoint lives on when its state is closed, and a state when its checkpoint is",
                        "counting the holders of pages and of recurrent states",
                        subject -> subject.states((driver, model) -> eachLivesOnAlone(driver))),
                numeric(
                        "S6.twins",
                        "closing one of two checkpoints at one length leaves the other",
                        "what is looked up by state and length; each has its own hold on the pages",
                        subject -> subject.states((driver, model) -> twinsLiveOnAlone(driver))),
                required(
                        "S1.foreign",
                        "a checkpoint of another model is refused",
                        "a checkpoint knows its model",
                        subject -> subject.models((driver, model) -> foreignCheckpointsAreRefused(driver, model))));
    }

    static void statesGrow(Driver driver) {
        try (SequenceState state = driver.model().newState()) {
            length(state, 0);
            try (Checkpoint empty = state.checkpoint();
                    SequenceState from = driver.model().newState(empty)) {
                length(from, 0);
                driver.piece(from, driver.ids(2), 0, 2);
                length(from, 2);
            }
            int[] ids = driver.ids(30);
            driver.absorb(state, Driver.first(ids, 7), 7);
            length(state, 7);
            driver.piece(state, ids, 7, 8);
            length(state, 8);
            try (Checkpoint checkpoint = state.checkpoint()) {
                driver.feed(state, Driver.tail(ids, 8));
                length(state, 30);
                require(checkpoint.length() == 8, "a checkpoint of 8 tokens has length " + checkpoint.length());
                try (SequenceState again = driver.model().newState(checkpoint)) {
                    length(again, 8);
                    driver.piece(again, ids, 8, 11);
                    length(again, 11);
                    length(state, 30);
                }
            }
        }
    }

    private static void length(SequenceState state, int expected) {
        require(state.length() == expected, "a state of " + expected + " tokens has length " + state.length());
    }

    private static int cut(Driver driver) {
        return 1 + driver.random().nextInt(LENGTH - 2);
    }

    static void checkpointsDoNotChange(Driver driver) {
        int[] ids = driver.ids(LENGTH);
        List<float[]> want = driver.plain(ids);
        int at = cut(driver);
        try (SequenceState state = driver.model().newState()) {
            driver.absorb(state, Driver.first(ids, at), at);
            try (Checkpoint checkpoint = state.checkpoint()) {
                driver.feed(state, driver.ids(LENGTH));
                try (SequenceState other = driver.model().newState(checkpoint)) {
                    driver.feed(other, driver.ids(9));
                }
                driver.plain(driver.ids(33));
                try (SequenceState again = driver.model().newState(checkpoint)) {
                    driver.same(
                            "a checkpoint at " + at + " after its states went on",
                            driver.feed(again, Driver.tail(ids, at)),
                            want.subList(at, LENGTH));
                }
            }
        }
    }

    static void goingBackIsExact(Driver driver) {
        int[] ids = driver.ids(LENGTH);
        List<float[]> want = driver.plain(ids);
        try (SequenceState state = driver.model().newState()) {
            int at = 0;
            while (at < LENGTH - 1) {
                int to = Math.min(LENGTH - 1, at + 1 + driver.random().nextInt(25));
                driver.absorb(state, Arrays.copyOfRange(ids, at, to), to);
                at = to;
                try (Checkpoint checkpoint = state.checkpoint();
                        SequenceState again = driver.model().newState(checkpoint)) {
                    driver.same(
                            "a state from a checkpoint at " + at,
                            driver.feed(again, Driver.tail(ids, at)),
                            want.subList(at, LENGTH));
                }
                fromOneThatOnlyBegan(driver, state, ids, want);
            }
        }
    }

    /** From a checkpoint of a state that itself came from one, and has not gone on. */
    private static void fromOneThatOnlyBegan(Driver driver, SequenceState state, int[] ids, List<float[]> want) {
        int at = state.length();
        try (Checkpoint first = state.checkpoint();
                SequenceState began = driver.model().newState(first);
                Checkpoint second = began.checkpoint();
                SequenceState again = driver.model().newState(second)) {
            length(again, at);
            driver.same(
                    "a state from a checkpoint, at " + at + ", of a state that only began there",
                    driver.feed(again, Driver.tail(ids, at)),
                    want.subList(at, LENGTH));
        }
    }

    static void forksAreIndependent(Driver driver) {
        int[] ids = driver.ids(LENGTH);
        int at = cut(driver);
        int[] branch = Arrays.copyOf(ids, LENGTH);
        System.arraycopy(driver.ids(LENGTH - at), 0, branch, at, LENGTH - at);
        List<float[]> want = driver.plain(ids);
        List<float[]> wantBranch = driver.plain(branch);
        try (SequenceState state = driver.model().newState()) {
            driver.absorb(state, Driver.first(ids, at), at);
            try (Checkpoint checkpoint = state.checkpoint();
                    SequenceState one = driver.model().newState(checkpoint);
                    SequenceState two = driver.model().newState(checkpoint)) {
                for (int t = at; t < LENGTH; t++) {
                    List<float[]> rows = want.subList(t, t + 1);
                    driver.same("the first fork at " + t, driver.piece(one, ids, t, t + 1), rows);
                    driver.same(
                            "the second fork at " + t,
                            driver.piece(two, branch, t, t + 1),
                            wantBranch.subList(t, t + 1));
                    driver.same("the original at " + t, driver.piece(state, ids, t, t + 1), rows);
                }
            }
        }
    }

    static void eachLivesOnAlone(Driver driver) {
        int[] ids = driver.ids(LENGTH);
        List<float[]> want = driver.plain(ids);
        int at = cut(driver);
        SequenceState state = driver.model().newState();
        driver.absorb(state, Driver.first(ids, at), at);
        Checkpoint checkpoint = state.checkpoint();
        state.close();
        driver.plain(driver.ids(40)); // takes what was freed
        SequenceState again = driver.model().newState(checkpoint);
        checkpoint.close();
        driver.plain(driver.ids(40));
        List<float[]> rest = want.subList(at, LENGTH);
        driver.same("a state whose parents are closed", driver.feed(again, Driver.tail(ids, at)), rest);
        again.close();
    }

    static void twinsLiveOnAlone(Driver driver) {
        int[] ids = driver.ids(LENGTH);
        List<float[]> want = driver.plain(ids);
        int at = cut(driver);
        List<float[]> rest = want.subList(at, LENGTH);
        try (SequenceState state = driver.model().newState()) {
            driver.absorb(state, Driver.first(ids, at), at);
            Checkpoint first = state.checkpoint();
            Checkpoint second = state.checkpoint();
            Checkpoint third = state.checkpoint();
            first.close();
            driver.plain(driver.ids(40)); // takes what was freed
            try (SequenceState again = driver.model().newState(second)) {
                driver.same("from the second of three checkpoints", driver.feed(again, Driver.tail(ids, at)), rest);
                third.close();
            }
            driver.plain(driver.ids(40));
            try (SequenceState again = driver.model().newState(second)) {
                driver.same("from the last of three checkpoints", driver.feed(again, Driver.tail(ids, at)), rest);
            }
            driver.same("the state behind its checkpoints", driver.feed(state, Driver.tail(ids, at)), rest);
            second.close();
        }
    }

    private static void foreignCheckpointsAreRefused(Driver driver, RandomModel model) {
        try (LanguageModel other = driver.backend().load(model.spec(), model.weights(), LoadProgress.NONE);
                SequenceState state = other.newState();
                Checkpoint checkpoint = state.checkpoint()) {
            Driver.refused(
                    "a checkpoint of another model",
                    () -> driver.model().newState(checkpoint),
                    IllegalArgumentException.class);
            Driver.refused(
                    "a checkpoint of another backend",
                    () -> driver.model().newState(new Stranger()),
                    IllegalArgumentException.class);
        }
    }
}
