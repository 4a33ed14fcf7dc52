package dev.longspan.session;

import dev.longspan.engine.PrefixCache;
import dev.longspan.engine.Reclaimer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Parks sessions that are idle, the least recently used first, one at a time and not on the engine's thread. */
public final class IdleReclaimer implements Reclaimer {
    private static final Logger LOG = LoggerFactory.getLogger(IdleReclaimer.class);
    /** For how long nothing is parked after the storage has failed. */
    private static final long PAUSE_NANOS = 10_000_000_000L;

    private static final long PAUSE_BETWEEN_NANOS = 1_000_000;
    /** For how long the engine's thread may be at something else. */
    private static final long LONGEST_STEP_SECONDS = 2;

    private final PrefixCache prefixes;
    private final boolean parks;
    private final Executor worker;
    private final AtomicBoolean parking = new AtomicBoolean();
    private final AtomicInteger reading = new AtomicInteger();
    private final AtomicInteger writing = new AtomicInteger();
    private final AtomicReference<@Nullable CompletableFuture<Boolean>> wanted = new AtomicReference<>();
    private volatile long failedSince;
    private volatile boolean ended;
    private volatile Runnable wake = () -> {};
    private volatile Supplier<List<LiveSession>> sessions = List::of;

    /**
     * Makes a reclaimer.
     *
     * @param prefixes is emptied first
     * @param parks whether sessions are parked
     * @param worker does it
     */
    public IdleReclaimer(PrefixCache prefixes, boolean parks, Executor worker) {
        this.prefixes = prefixes;
        this.parks = parks;
        this.worker = worker;
    }

    /** Says whose sessions to park, and how to wake the engine when one was. */
    public void connect(SessionTable table, Runnable wakeEngine) {
        sessions = table::all;
        wake = wakeEngine;
    }

    @Override
    public Result free() {
        if (prefixes.free()) {
            return Result.FREED;
        }
        if (!parks || isPaused()) {
            return Result.NOTHING;
        }
        boolean later =
                isParking() || reading.get() > 0 || sessions.get().stream().anyMatch(LiveSession::canParkSoon);
        if (parking.compareAndSet(false, true)) {
            worker.execute(this::parkOneAndWake); // or only looks again in a moment
        }
        return later ? Result.LATER : Result.AFTER_OTHERS;
    }

    private boolean isPaused() {
        long since = failedSince;
        return since != 0 && System.nanoTime() - since < PAUSE_NANOS;
    }

    private void parkOneAndWake() {
        try {
            if (!parkOne()) {
                // one is on its way to where it can be parked, or to its turn
                LockSupport.parkNanos(PAUSE_BETWEEN_NANOS);
            }
        } finally {
            parking.set(false);
            wake.run();
        }
    }

    /** Reads a state, which can be parked again or has its turn soon afterwards. */
    <T> T during(Supplier<T> read) {
        reading.incrementAndGet();
        try {
            return read.get();
        } finally {
            reading.decrementAndGet();
        }
    }

    /** {@return whether sessions are parked at all} */
    boolean parks() {
        return parks && !ended;
    }

    /** {@return whether a state is on its way to disk} */
    private boolean isParking() {
        return parking.get() || writing.get() > 0;
    }

    /** {@return whether a cached prefix was freed} For any thread but the engine's, which does it. */
    boolean freeCached() {
        CompletableFuture<Boolean> answer = new CompletableFuture<>();
        wanted.set(answer);
        if (ended) {
            return false;
        }
        wake.run();
        return answer.completeOnTimeout(false, LONGEST_STEP_SECONDS, TimeUnit.SECONDS)
                .join();
    }

    @Override
    public void end() {
        ended = true;
        CompletableFuture<Boolean> answer = wanted.getAndSet(null);
        if (answer != null) {
            answer.complete(false);
        }
    }

    @Override
    public void serve() {
        CompletableFuture<Boolean> answer = wanted.getAndSet(null);
        if (answer != null) {
            answer.complete(prefixes.free());
        }
    }

    /** {@return whether a session was parked} For any thread but the engine's. */
    boolean parkOne() {
        if (!parks() || isPaused()) {
            return false;
        }
        writing.incrementAndGet();
        try {
            for (LiveSession each : leastRecentlyUsedFirst()) {
                if (each.park()) {
                    return true;
                }
            }
        } catch (RuntimeException e) {
            failedSince = System.nanoTime();
            LOG.error("a session could not be parked; that is tried again in a while", e);
        } finally {
            writing.decrementAndGet();
            wake.run();
        }
        return false;
    }

    private List<LiveSession> leastRecentlyUsedFirst() {
        List<LiveSession> all = new ArrayList<>(sessions.get());
        Collections.reverse(all);
        return all;
    }
}
