package dev.longspan.session;

import dev.longspan.engine.PrefixCache;
import dev.longspan.engine.Reclaimer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Parks sessions that are idle, the least recently used first, one at a time and not on the engine's thread. */
public final class IdleReclaimer implements Reclaimer {
    private static final Logger LOG = LoggerFactory.getLogger(IdleReclaimer.class);
    /** For how long nothing is parked after the storage has failed. */
    private static final long PAUSE_NANOS = 10_000_000_000L;

    private final PrefixCache prefixes;
    private final boolean parks;
    private final Executor worker;
    private final AtomicBoolean parking = new AtomicBoolean();
    private volatile long failedSince;
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
        if (!parking.get()
                && sessions.get().stream().noneMatch(each -> each.state().canPark())) {
            return Result.NOTHING;
        }
        if (parking.compareAndSet(false, true)) {
            try {
                worker.execute(this::parkOneAndWake);
            } catch (RuntimeException | Error e) {
                parking.set(false);
                failed(e);
                return Result.NOTHING;
            }
        }
        return Result.LATER;
    }

    private boolean isPaused() {
        long since = failedSince;
        return since != 0 && System.nanoTime() - since < PAUSE_NANOS;
    }

    private void parkOneAndWake() {
        try {
            parkOne();
        } finally {
            parking.set(false);
            wake.run();
        }
    }

    private void parkOne() {
        try {
            for (LiveSession each : leastRecentlyUsedFirst()) {
                if (each.state().park()) {
                    return;
                }
            }
        } catch (RuntimeException | Error e) {
            failed(e);
        }
    }

    private void failed(Throwable fault) {
        failedSince = System.nanoTime();
        LOG.error("a session could not be parked; that is tried again in a while", fault);
    }

    private List<LiveSession> leastRecentlyUsedFirst() {
        List<LiveSession> all = new ArrayList<>(sessions.get());
        Collections.reverse(all);
        return all;
    }
}
