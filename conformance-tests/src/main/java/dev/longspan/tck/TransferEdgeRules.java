package dev.longspan.tck;

import static dev.longspan.tck.ConformanceRule.claimed;
import static dev.longspan.tck.Driver.require;

import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.Feature;
import dev.longspan.spi.SequenceState;
import dev.longspan.spi.StateSink;
import dev.longspan.spi.StateSource;
import dev.longspan.spi.TensorInfo;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** The rules of transfers that are empty, repeated, ended early, or outlived. */
final class TransferEdgeRules {
    private static final int LENGTH = 70;
    private static final int LONG = 600;
    /** How long one writer waits for another, which may be kept waiting until it is done. */
    private static final long MOMENT_MILLIS = 50;
    /** How many of the calls of a sink and a source are let fail. */
    private static final int CALLS = 8;

    private TransferEdgeRules() {}

    static List<ConformanceRule> all() {
        Feature transfer = Feature.CHECKPOINT_TRANSFER;
        return List.of(
                claimed(
                        transfer,
                        "X1.released",
                        "what was read on a base stays when the base is closed; a base may be as long as the source",
                        "what is read holds the base's pages, not the base; no row may be left to read",
                        subject -> subject.models((driver, model) -> theBaseIsClosed(driver))),
                claimed(
                        transfer,
                        "X1.foreign",
                        "a base of another model, or one that is closed, is refused, and takes no memory",
                        "a checkpoint knows its model: ask before anything is read",
                        subject -> subject.states(TransferEdgeRules::foreignBasesAreRefused)),
                claimed(
                        transfer,
                        "X1.bytes",
                        "of a checkpoint that was read, exclusiveBytes is what closing it frees",
                        "the counting of the holders of a page, of those that are read, too",
                        subject -> subject.states((driver, model) -> whatWasReadFreesWhatItSays(driver))),
                claimed(
                        transfer,
                        "X1.again",
                        "a checkpoint that was read writes the bytes that it was read from",
                        "a checkpoint that was read must be as whole as one that was taken of a state",
                        subject -> subject.models((driver, model) -> whatWasReadIsWrittenAgain(driver))),
                claimed(
                        transfer,
                        "X1.empty",
                        "a checkpoint of no tokens is written and read",
                        "tensors with 0 rows have no bytes; recurrent states are zero",
                        subject -> subject.models((driver, model) -> emptyOnesAreTransferred(driver))),
                claimed(
                        transfer,
                        "X1.thrown",
                        "what a sink or a source throws comes out, disturbs nothing and leaves no memory",
                        "let go in a finally, and do not wrap what is not the backend's",
                        subject -> subject.models((driver, model) -> whatIsThrownComesOut(driver))),
                claimed(
                        transfer,
                        "X2.twice",
                        "a checkpoint is written on two threads at once",
                        "a buffer that belongs to the model or to the checkpoint, and not to the call",
                        subject -> subject.models((driver, model) -> twoThreadsWrite(driver))));
    }

    private static void theBaseIsClosed(Driver driver) {
        int[] ids = driver.ids(LENGTH);
        List<float[]> want = driver.plain(ids);
        int early = 20 + driver.random().nextInt(20);
        int late = early + driver.random().nextInt(20);
        long before = driver.usedBytes();
        for (int at : new int[] {early, late}) {
            Checkpoint base;
            MemoryCheckpoint whole;
            try (SequenceState state = driver.model().newState()) {
                driver.absorb(state, Driver.first(ids, early), early);
                base = state.checkpoint();
                driver.absorb(state, Arrays.copyOfRange(ids, early, at), LENGTH);
                whole = MemoryCheckpoint.of(state);
            }
            Checkpoint read = driver.model().readCheckpoint(whole, base);
            require(read.length() == at, "a checkpoint of " + at + " tokens is read with " + read.length());
            base.close();
            driver.plain(driver.ids(LENGTH)); // takes what was freed
            try (read;
                    SequenceState again = driver.model().newState(read)) {
                driver.same(
                        "read on a base of " + early + " that is closed",
                        driver.feed(again, Driver.tail(ids, at)),
                        want.subList(at, LENGTH));
            }
        }
        require(
                driver.usedBytes() == before,
                "what was read on a base leaves memory: " + before + ", " + driver.usedBytes());
    }

    private static void foreignBasesAreRefused(Driver driver, RandomModel model) {
        Driver other = Driver.load(driver.backend(), model, 1);
        try (SequenceState state = driver.model().newState();
                SequenceState theirs = other.model().newState()) {
            int[] ids = driver.ids(LENGTH);
            driver.absorb(state, ids, LENGTH);
            other.absorb(theirs, Driver.first(ids, LENGTH / 2), LENGTH);
            MemoryCheckpoint whole = MemoryCheckpoint.of(state);
            Checkpoint foreign = theirs.checkpoint();
            Checkpoint closed = state.checkpoint();
            closed.close();
            long before = driver.usedBytes();
            Driver.refused(
                    "a base of another model",
                    () -> driver.model().readCheckpoint(whole, foreign).close(),
                    IllegalArgumentException.class);
            Driver.refused(
                    "a base of another backend",
                    () -> driver.model().readCheckpoint(whole, new Stranger()).close(),
                    IllegalArgumentException.class);
            Driver.refused(
                    "a base that is closed",
                    () -> driver.model().readCheckpoint(whole, closed).close(),
                    IllegalStateException.class,
                    IllegalArgumentException.class);
            long after = driver.usedBytes();
            require(after == before, "refused bases leave memory: " + before + " bytes, then " + after);
            foreign.close();
        }
        other.model().close();
    }

    private static void whatWasReadFreesWhatItSays(Driver driver) {
        int[] ids = driver.ids(LONG);
        try (SequenceState state = driver.model().newState()) {
            driver.absorb(state, Driver.first(ids, LONG / 2), LONG);
            Checkpoint base = state.checkpoint();
            driver.absorb(state, Driver.tail(ids, LONG / 2), LONG);
            MemoryCheckpoint whole = MemoryCheckpoint.of(state);
            Checkpoint alone = driver.model().readCheckpoint(whole);
            long bytes = alone.bytes();
            require(
                    alone.exclusiveBytes() == bytes,
                    "a checkpoint that was read has " + bytes + " bytes, exclusive " + alone.exclusiveBytes());
            HolderRules.frees("a checkpoint that was read", driver, alone.exclusiveBytes(), alone::close);
            Checkpoint shared = driver.model().readCheckpoint(whole, base);
            require(
                    shared.bytes() == bytes,
                    "read on a base it has " + shared.bytes() + " bytes, without one " + bytes);
            HolderRules.frees("a checkpoint read on a base", driver, shared.exclusiveBytes(), shared::close);
            base.close();
        }
    }

    private static void whatWasReadIsWrittenAgain(Driver driver) {
        int[] ids = driver.ids(LENGTH);
        for (int at : new int[] {1, 64, LENGTH}) {
            try (SequenceState state = driver.model().newState()) {
                driver.absorb(state, Driver.first(ids, at), at);
                MemoryCheckpoint first = MemoryCheckpoint.of(state);
                try (Checkpoint read = driver.model().readCheckpoint(first);
                        SequenceState from = driver.model().newState(read)) {
                    String what = "a checkpoint of " + at + " tokens that was read";
                    require(first.equalTo(MemoryCheckpoint.of(read)), what + " writes other bytes");
                    require(first.equalTo(MemoryCheckpoint.of(from)), what + " begins states that write other bytes");
                }
            }
        }
    }

    private static void emptyOnesAreTransferred(Driver driver) {
        int[] ids = driver.ids(LENGTH);
        List<float[]> want = driver.plain(ids);
        try (SequenceState state = driver.model().newState();
                Checkpoint none = state.checkpoint()) {
            MemoryCheckpoint empty = MemoryCheckpoint.of(none);
            startsEmpty(driver, driver.model().readCheckpoint(empty), ids, want);
            startsEmpty(driver, driver.model().readCheckpoint(empty, none), ids, want);
            driver.absorb(state, Driver.first(ids, 5), 5);
            try (Checkpoint read = driver.model().readCheckpoint(MemoryCheckpoint.of(state), none);
                    SequenceState again = driver.model().newState(read)) {
                driver.same(
                        "read on a base of no tokens",
                        driver.feed(again, Driver.tail(ids, 5)),
                        want.subList(5, LENGTH));
            }
        }
    }

    private static void startsEmpty(Driver driver, Checkpoint read, int[] ids, List<float[]> want) {
        try (read;
                SequenceState again = driver.model().newState(read)) {
            require(read.length() == 0, "a checkpoint of no tokens is read with " + read.length());
            driver.same("from a checkpoint of no tokens that was read", driver.feed(again, ids), want);
        }
    }

    /** Whoever stores checkpoints has failed. */
    private static final class Gone extends RuntimeException {
        private static final long serialVersionUID = 1;

        Gone() {
            super("the disk is gone");
        }
    }

    /** Fails at one of its calls. */
    private static final class Failing {
        private final Gone fault = new Gone();
        private final int last;
        private int calls;

        Failing(int last) {
            this.last = last;
        }

        void call() {
            if (calls++ == last) {
                throw fault;
            }
        }

        /** Whether it came to the call that fails; requires that its exception came out then. */
        boolean isReachedBy(String what, Driver.Call call) {
            try {
                call.make();
            } catch (RuntimeException e) {
                require(e == fault, what + " that throws: expected its exception, found " + e);
                return true;
            }
            require(calls <= last, what + " threw, and nothing came out");
            return false;
        }
    }

    private static StateSink sink(Failing failing) {
        return new StateSink() {
            @Override
            public boolean begin(TensorInfo tensor) {
                failing.call();
                return true;
            }

            @Override
            public void write(ByteBuffer bytes) {
                failing.call();
            }
        };
    }

    private static StateSource source(MemoryCheckpoint whole, Failing failing) {
        return new StateSource() {
            @Override
            public int length() {
                return whole.length();
            }

            @Override
            public TensorInfo info(String name) {
                return whole.info(name);
            }

            @Override
            public void read(String name, long offset, ByteBuffer target) {
                failing.call();
                whole.read(name, offset, target);
            }
        };
    }

    private static void whatIsThrownComesOut(Driver driver) {
        int[] ids = driver.ids(LENGTH);
        List<float[]> want = driver.plain(ids);
        int at = 40;
        try (SequenceState state = driver.model().newState()) {
            driver.absorb(state, Driver.first(ids, at), at);
            Checkpoint checkpoint = state.checkpoint();
            MemoryCheckpoint whole = MemoryCheckpoint.of(checkpoint);
            long before = driver.usedBytes();
            boolean ended = false;
            for (int last = 0; last < CALLS && !ended; last++) {
                Failing failing = new Failing(last);
                ended = !failing.isReachedBy("a sink", () -> checkpoint.write(sink(failing)));
            }
            require(
                    driver.usedBytes() == before,
                    "sinks that throw leave memory: " + before + ", " + driver.usedBytes());
            throwingSourcesLeaveNothing(driver, whole, checkpoint);
            require(
                    whole.equalTo(MemoryCheckpoint.of(checkpoint)),
                    "what is written changes behind a sink that throws");
            long freed = checkpoint.exclusiveBytes();
            checkpoint.close();
            long after = driver.usedBytes();
            require(
                    before - after == freed,
                    "a checkpoint whose sinks threw frees " + (before - after) + " bytes, expected " + freed);
            driver.same(
                    "behind transfers that ended early",
                    driver.feed(state, Driver.tail(ids, at)),
                    want.subList(at, LENGTH));
        }
    }

    private static void throwingSourcesLeaveNothing(Driver driver, MemoryCheckpoint whole, Checkpoint base) {
        long before = driver.usedBytes();
        boolean ended = false;
        for (int last = 0; last < CALLS && !ended; last++) {
            Failing failing = new Failing(last);
            ended = !failing.isReachedBy(
                    "a source",
                    () -> driver.model().readCheckpoint(source(whole, failing)).close());
            Failing second = new Failing(last);
            second.isReachedBy(
                    "a source behind a base",
                    () -> driver.model()
                            .readCheckpoint(source(whole, second), base)
                            .close());
            require(
                    driver.usedBytes() == before,
                    "a source that throws leaves memory: " + before + ", " + driver.usedBytes());
        }
    }

    /** Begins when another has begun, too, or after a moment. */
    private static final class Meeting extends MemoryCheckpoint.Sink {
        private final CountDownLatch begun;

        Meeting(CountDownLatch begun) {
            this.begun = begun;
        }

        @Override
        public boolean begin(TensorInfo tensor) {
            begun.countDown();
            try {
                // whether the other came does not matter: a lock may keep it waiting
                boolean met = begun.await(MOMENT_MILLIS, TimeUnit.MILLISECONDS);
                return super.begin(tensor) || met;
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private static void twoThreadsWrite(Driver driver) throws Exception {
        try (SequenceState state = driver.model().newState()) {
            driver.absorb(state, driver.ids(LENGTH), LENGTH);
            try (Checkpoint checkpoint = state.checkpoint()) {
                List<TensorInfo> listed = checkpoint.tensors();
                MemoryCheckpoint alone = MemoryCheckpoint.of(checkpoint);
                for (int round = 0; round < 5; round++) {
                    CountDownLatch begun = new CountDownLatch(2);
                    Meeting own = new Meeting(begun);
                    Meeting theirs = new Meeting(begun);
                    CompletableFuture<Void> beside = CompletableFuture.runAsync(() -> checkpoint.write(theirs));
                    checkpoint.write(own);
                    Driver.finish("a write beside another", beside);
                    require(
                            alone.equalTo(own.finish(LENGTH, listed)) && alone.equalTo(theirs.finish(LENGTH, listed)),
                            "what two threads write at once is not what one writes");
                }
            }
        }
    }
}
