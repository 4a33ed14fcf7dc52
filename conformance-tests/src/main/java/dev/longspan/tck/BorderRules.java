package dev.longspan.tck;

import static dev.longspan.tck.ConformanceRule.claimed;
import static dev.longspan.tck.ConformanceRule.numeric;
import static dev.longspan.tck.Driver.require;

import dev.longspan.spi.Backend;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.Feature;
import dev.longspan.spi.SequenceState;
import java.util.Arrays;
import java.util.List;

/** The rules of checkpoints where pages may end, and around it. */
final class BorderRules {
    private static final int[] BORDERS = {16, 32, 64, 128, 256, 512};
    /** How many tokens follow, each time. */
    private static final int STEPS = 6;

    private static final int LENGTH = BORDERS[BORDERS.length - 1] + 1 + STEPS;

    /** With so many rows of 2048 numbers keys have more than 8 MiB in float32, and more than 4 in 16 bits. */
    private static final int MEGABYTES = 1100;

    private static final int MOST_OF_THEM = 601;

    private BorderRules() {}

    static List<ConformanceRule> all() {
        return List.of(
                numeric(
                        "S3.borders",
                        "checkpoints at and around 16, 32, 64, 128, 256 and 512 tokens are exact, too",
                        "a page that is just full, or has one row: whether it is shared, copied, or forgotten",
                        subject -> subject.states((driver, model) -> bordersAreCrossed(driver))),
                claimed(
                        Feature.CHECKPOINT_TRANSFER,
                        "X1.borders",
                        "checkpoints of 16, 32, 64, 128, 256 and 512 tokens, and around it, are written and read, alone and on each other",
                        "the last page where it is just full, and the first row behind a base that ends with its page",
                        subject -> subject.states((driver, model) -> bordersAreTransferred(driver))),
                claimed(
                        Feature.CHECKPOINT_TRANSFER,
                        "X1.large",
                        "tensors of some megabytes are read and written whole, alone and on a base",
                        "a buffer that is smaller than the tensor: the offsets of its second and last part",
                        subject -> subject.once(() -> largeTensorsAreTransferred(subject))));
    }

    private static void largeTensorsAreTransferred(Subject subject) {
        Backend backend = subject.open();
        Driver driver = Driver.load(backend, TinyNetworks.ofLargeStates(backend, subject.seed()), subject.seed());
        MemoryCheckpoint like;
        try (SequenceState state = driver.model().newState()) {
            driver.absorb(state, driver.ids(1), 1);
            like = MemoryCheckpoint.of(state);
        }
        MemoryCheckpoint whole = like.drawn(MEGABYTES);
        try (Checkpoint read = driver.model().readCheckpoint(new StrictSource(whole, 0));
                Checkpoint base = driver.model().readCheckpoint(like.drawn(MOST_OF_THEM));
                Checkpoint onBase = driver.model().readCheckpoint(new StrictSource(whole, MOST_OF_THEM), base)) {
            areTheSame("read alone", whole, MemoryCheckpoint.of(read));
            areTheSame("read on a base", whole, MemoryCheckpoint.of(onBase));
        }
    }

    private static void areTheSame(String how, MemoryCheckpoint want, MemoryCheckpoint got) {
        for (String name : want.names()) {
            int at = Arrays.mismatch(want.numbers(name), got.numbers(name));
            require(at < 0, name + ", " + how + " and written, is another from its number " + at + " on");
        }
    }

    private static void bordersAreCrossed(Driver driver) {
        int[] ids = driver.ids(LENGTH);
        List<float[]> want = driver.plain(ids);
        for (int off = -1; off <= 1; off++) {
            try (SequenceState state = driver.model().newState()) {
                for (int border : BORDERS) {
                    growTo(driver, state, ids, border + off);
                    isExactAt(driver, state, ids, want);
                }
            }
        }
    }

    private static void growTo(Driver driver, SequenceState state, int[] ids, int to) {
        driver.absorb(state, Arrays.copyOfRange(ids, state.length(), to), to);
    }

    /** Behind a checkpoint of a state, it goes on step by step as it must, and at once a state from there, of two. */
    private static void isExactAt(Driver driver, SequenceState state, int[] ids, List<float[]> want) {
        int at = state.length();
        int to = at + STEPS;
        List<float[]> rest = want.subList(at, to);
        try (Checkpoint checkpoint = state.checkpoint();
                SequenceState one = driver.model().newState(checkpoint);
                SequenceState two = driver.model().newState(checkpoint)) {
            driver.piece(two, driver.ids(STEPS), 0, STEPS);
            driver.same("from a checkpoint at " + at, driver.piece(one, ids, at, to), rest);
            for (int i = at; i < to; i++) { // as an answer goes over a border
                String what = "the original behind a checkpoint at " + at + ", the step at " + i;
                driver.same(what, driver.piece(state, ids, i, i + 1), want.subList(i, i + 1));
            }
        }
    }

    private static void bordersAreTransferred(Driver driver) {
        int[] ids = driver.ids(LENGTH);
        List<float[]> want = driver.plain(ids);
        for (int off = -1; off <= 1; off++) {
            try (SequenceState state = driver.model().newState()) {
                Checkpoint before = state.checkpoint();
                for (int border : BORDERS) {
                    growTo(driver, state, ids, border + off);
                    Checkpoint here = state.checkpoint();
                    MemoryCheckpoint written = MemoryCheckpoint.of(here);
                    Checkpoint alone = driver.model().readCheckpoint(new StrictSource(written, 0));
                    goesOn("from one that was written and read", driver, alone, ids, want);
                    for (Checkpoint base : List.of(before, here)) {
                        int held = base.length();
                        Checkpoint read = driver.model().readCheckpoint(new StrictSource(written, held), base);
                        goesOn("read on a base of " + held, driver, read, ids, want);
                    }
                    before.close();
                    before = here;
                }
                before.close();
            }
        }
    }

    private static void goesOn(String what, Driver driver, Checkpoint read, int[] ids, List<float[]> want) {
        int at = read.length();
        int to = at + STEPS;
        try (read;
                SequenceState state = driver.model().newState(read)) {
            driver.same("at " + at + ", " + what, driver.piece(state, ids, at, to), want.subList(at, to));
        }
    }
}
