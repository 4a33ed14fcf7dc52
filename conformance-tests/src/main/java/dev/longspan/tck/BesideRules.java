package dev.longspan.tck;

import static dev.longspan.tck.ConformanceRule.claimed;
import static dev.longspan.tck.ConformanceRule.required;
import static dev.longspan.tck.Driver.require;

import dev.longspan.spi.Backend;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.Feature;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.SequenceState;
import dev.longspan.spi.StateSource;
import dev.longspan.spi.TensorInfo;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** The rules of what may be done on any thread beside forward. */
final class BesideRules {
    private static final int LONG = 600;
    private static final int SHORT = 70;
    private static final int ROUNDS = 3;
    private static final int STEP = 5;
    /** How long one thread waits for another, which may have to wait until it is done. */
    private static final long MOMENT_MILLIS = 50;

    private static final long PAUSE_NANOS = 20_000;

    private BesideRules() {}

    static List<ConformanceRule> all() {
        return List.of(
                claimed(
                        Feature.CHECKPOINT_TRANSFER,
                        "X2.beside",
                        "writing and reading run beside forward and do not disturb it",
                        "pages that are taken or freed by two threads at once; a page that is still written to",
                        subject -> subject.models((driver, model) -> transfersRunBesideForward(driver))),
                claimed(
                        Feature.CHECKPOINT_TRANSFER,
                        "X2.written",
                        "what is being written completes though its checkpoint is closed meanwhile, and is freed then",
                        "hold the pages while writing, and let go of them in a finally",
                        subject -> subject.models((driver, model) -> aWriteCompletes(driver))),
                claimed(
                        Feature.CHECKPOINT_TRANSFER,
                        "X2.ended",
                        "what is being written completes though its model or its backend is closed meanwhile",
                        "what an owner frees when it is closed: whoever still reads it frees it last",
                        subject -> subject.models(BesideRules::aWriteOutlivesItsOwners)),
                claimed(
                        Feature.CHECKPOINT_TRANSFER,
                        "X2.reading",
                        "two checkpoints are read on two threads at once, and one is read while another is written",
                        "a buffer that belongs to the model, and not to the call",
                        subject -> subject.states((driver, model) -> transfersDoNotMeet(driver))),
                required(
                        "X2.closing",
                        "checkpoints are closed, and all getters called, on any thread beside forward, and do not disturb it",
                        "the counting of a page's holders, the list of what is open, and that of a state's pages: all need a lock",
                        subject -> subject.models((driver, model) -> checkpointsAreClosedBesideForward(driver))));
    }

    private static void transfersRunBesideForward(Driver driver) throws Exception {
        int[] ids = driver.ids(LONG);
        List<float[]> want = driver.plain(ids);
        int half = LONG / 2;
        try (SequenceState state = driver.model().newState()) {
            driver.absorb(state, Driver.first(ids, half), LONG);
            try (Checkpoint checkpoint = state.checkpoint()) {
                MemoryCheckpoint alone = MemoryCheckpoint.of(checkpoint);
                CompletableFuture<Integer> beside = CompletableFuture.supplyAsync(() -> {
                    int rounds = 0;
                    for (; rounds < 20; rounds++) {
                        require(alone.equalTo(MemoryCheckpoint.of(checkpoint)), "what is written changes");
                        driver.model().readCheckpoint(alone).close();
                    }
                    return rounds;
                });
                for (int t = half; t < LONG; t += 5) {
                    driver.same(
                            "beside transfers, at " + t, driver.piece(state, ids, t, t + 5), want.subList(t, t + 5));
                }
                Driver.finish("a transfer beside forward", beside);
                try (Checkpoint read = driver.model().readCheckpoint(alone);
                        SequenceState again = driver.model().newState(read)) {
                    List<float[]> got = driver.feed(again, Driver.tail(ids, half));
                    driver.same("read beside forward", got, want.subList(half, LONG));
                }
            }
        }
    }

    /** Closes a checkpoint or what owns it, on another thread, once the first bytes are written. */
    private static final class Closing extends MemoryCheckpoint.Sink {
        private final Runnable close;
        private @Nullable CompletableFuture<Void> closing;

        Closing(Runnable close) {
            this.close = close;
        }

        @Override
        public void write(ByteBuffer bytes) {
            super.write(bytes);
            if (closing == null) {
                closing = CompletableFuture.runAsync(close);
                try {
                    closing.get(MOMENT_MILLIS, TimeUnit.MILLISECONDS);
                } catch (TimeoutException e) {
                    // it may wait until the write is done
                } catch (InterruptedException | ExecutionException e) {
                    throw new AssertionError("close beside write threw " + e, e);
                }
            }
        }

        /** Waits until all is closed. */
        void finish() throws InterruptedException {
            if (closing == null) {
                throw new NotApplicable("a checkpoint of this network has nothing to write");
            }
            Driver.finish("close beside write", closing);
        }
    }

    private static void aWriteCompletes(Driver driver) throws Exception {
        try (SequenceState state = driver.model().newState()) {
            driver.absorb(state, driver.ids(LONG), LONG);
            Checkpoint checkpoint = state.checkpoint();
            List<TensorInfo> listed = checkpoint.tensors();
            MemoryCheckpoint alone = MemoryCheckpoint.of(checkpoint);
            long before = driver.usedBytes();
            long freed = checkpoint.exclusiveBytes();
            Closing sink = new Closing(checkpoint::close);
            checkpoint.write(sink);
            sink.finish();
            require(alone.equalTo(sink.finish(LONG, listed)), "what is written changes when its checkpoint is closed");
            long after = driver.usedBytes();
            require(
                    before - after == freed,
                    "a checkpoint that was closed while it was written frees " + (before - after) + " bytes, expected "
                            + freed);
        }
    }

    private static void aWriteOutlivesItsOwners(Driver driver, RandomModel model) throws Exception {
        driver.plain(driver.ids(LONG)); // a workspace may be made when it is first needed, and be the backend's
        long before = driver.usedBytes();
        Driver other = Driver.load(driver.backend(), model, 1);
        completes("a model", other, other.model()::close);
        long after = driver.usedBytes();
        require(
                after == before,
                "a model that was closed beside a write leaves memory: " + before + " bytes, then " + after);
        completes("a backend", driver, driver.backend()::close);
    }

    private static void completes(String owner, Driver driver, Runnable close) throws InterruptedException {
        SequenceState state = driver.model().newState();
        driver.absorb(state, driver.ids(LONG), LONG);
        Checkpoint checkpoint = state.checkpoint();
        List<TensorInfo> listed = checkpoint.tensors();
        MemoryCheckpoint alone = MemoryCheckpoint.of(checkpoint);
        Closing sink = new Closing(close);
        checkpoint.write(sink);
        sink.finish();
        require(
                alone.equalTo(sink.finish(LONG, listed)),
                "what is written changes when " + owner + " is closed meanwhile");
    }

    private static void transfersDoNotMeet(Driver driver) throws Exception {
        try (Checkpoint one = someCheckpoint(driver);
                Checkpoint other = someCheckpoint(driver)) {
            MemoryCheckpoint first = MemoryCheckpoint.of(one);
            MemoryCheckpoint second = MemoryCheckpoint.of(other);
            for (int round = 0; round < ROUNDS; round++) {
                Meeting readings = new Meeting();
                CompletableFuture<Checkpoint> beside = reads(driver, readings.source(first));
                Checkpoint own = driver.model().readCheckpoint(readings.source(second));
                Driver.finish("a reading beside another", beside);
                isRight("another reading", beside.join(), first);
                isRight("another reading", own, second);
                Meeting both = new Meeting();
                MemoryCheckpoint.Sink sink = both.sink();
                beside = reads(driver, both.source(first));
                other.write(sink);
                Driver.finish("a reading beside a write", beside);
                isRight("a write", beside.join(), first);
                require(
                        second.equalTo(sink.finish(SHORT, other.tensors())),
                        "what is written beside a reading is not what is written alone");
            }
        }
    }

    private static Checkpoint someCheckpoint(Driver driver) {
        try (SequenceState state = driver.model().newState()) {
            driver.absorb(state, driver.ids(SHORT), SHORT);
            return state.checkpoint();
        }
    }

    private static CompletableFuture<Checkpoint> reads(Driver driver, StateSource source) {
        return CompletableFuture.supplyAsync(() -> driver.model().readCheckpoint(source));
    }

    private static void isRight(String beside, Checkpoint read, MemoryCheckpoint written) {
        try (read) {
            require(
                    written.equalTo(MemoryCheckpoint.of(read)),
                    "what is read beside " + beside + " is not what was written");
        }
    }

    private static void checkpointsAreClosedBesideForward(Driver driver) throws Exception {
        int[] ids = driver.ids(LONG);
        List<float[]> want = driver.plain(ids);
        int half = LONG / 2;
        BlockingQueue<Checkpoint> taken = new LinkedBlockingQueue<>();
        long before = driver.usedBytes();
        try (SequenceState state = driver.model().newState()) {
            driver.absorb(state, Driver.first(ids, half), LONG);
            CompletableFuture<Void> beside = CompletableFuture.runAsync(() -> askAndClose(taken, (LONG - half) / STEP));
            whileAsked(driver, state, () -> {
                for (int t = half; t < LONG; t += STEP) {
                    taken.add(state.checkpoint());
                    List<float[]> got = driver.piece(state, ids, t, t + STEP);
                    driver.same("beside checkpoints that are closed, at " + t, got, want.subList(t, t + STEP));
                }
            });
            Driver.finish("a checkpoint on another thread", beside);
            require(
                    state.exclusiveBytes() == state.bytes(),
                    "a state whose checkpoints are closed has " + state.bytes() + " bytes, exclusive "
                            + state.exclusiveBytes());
            try (SequenceState again = driver.model().newState()) {
                driver.absorb(again, Arrays.copyOf(ids, half), half);
                driver.same(
                        "in pages that were freed",
                        driver.feed(again, Driver.tail(ids, half)),
                        want.subList(half, LONG));
            }
        }
        long after = driver.usedBytes();
        require(after == before, "checkpoints closed beside forward leave memory: " + before + " bytes, then " + after);
    }

    /** Does something while another thread asks a state, its model and its backend all that they can tell. */
    private static void whileAsked(Driver driver, SequenceState state, Runnable work) throws InterruptedException {
        AtomicBoolean done = new AtomicBoolean();
        List<Object> told = told(driver);
        CompletableFuture<Void> asking = CompletableFuture.runAsync(() -> {
            int length = 0;
            while (!done.get()) {
                length = asked(state, length);
                LockSupport.parkNanos(PAUSE_NANOS); // else a lock would be taken at all times
                require(told(driver).equals(told), "it told " + told + ", and now tells something else");
            }
        });
        try {
            work.run();
        } finally {
            done.set(true);
        }
        Driver.finish("a getter on another thread", asking);
    }

    /** The length of a state that was so long before, and may be growing. */
    private static int asked(SequenceState state, int before) {
        long exclusive = state.exclusiveBytes();
        long bytes = state.bytes(); // later, since it only grows
        require(exclusive <= bytes, "of a state's " + bytes + " bytes " + exclusive + " are exclusive");
        int length = state.length();
        require(
                length >= before && length <= LONG,
                "a state of " + before + " to " + LONG + " tokens has length " + length);
        return length;
    }

    /** What never changes of what a model and its backend tell; what may change is asked as well. */
    private static List<Object> told(Driver driver) {
        Backend backend = driver.backend();
        ModelSpec spec = driver.model().spec();
        require(backend.memory().used().totalBytes() >= 0, "less than no memory is used");
        require(!backend.description().isBlank(), "it does not say how it computes");
        return List.of(backend.id(), backend.device().id(), backend.capabilities(), backend.supports(spec), spec);
    }

    private static void askAndClose(BlockingQueue<Checkpoint> taken, int count) {
        try {
            for (int i = 0; i < count; i++) {
                Checkpoint next = taken.poll(1, TimeUnit.MINUTES);
                if (next == null) {
                    return; // forward has failed, which is told there
                }
                require(next.exclusiveBytes() <= next.bytes(), "more bytes are exclusive than there are");
                require(next.length() == LONG / 2 + i * STEP, "a checkpoint has another length on another thread");
                next.close();
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
