package dev.longspan.tck;

import dev.longspan.spi.Run;
import java.time.Duration;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Holds calls of {@code forward} of a digest backend until a test lets them go, so that a test decides what happens during
 * one. Open at first. Its methods may be called from any thread.
 *
 * <p>A call is held as a whole if one of its runs is to be held; it is checked before it waits, and computes nothing until
 * it is let go. Closing the backend lets everything go.
 */
public final class Gate {
    private @Nullable Predicate<Run> held;
    private int waiting;
    private int permits;
    private long arrivals;
    private boolean shut;

    Gate() {}

    /** Holds every call from now on. */
    public void hold() {
        hold(run -> true);
    }

    /**
     * Holds every call from now on that has a run which fits, in place of any earlier rule.
     *
     * @param which tells by state and ids whether a run is to be held; called from the thread that calls {@code forward}
     */
    public synchronized void hold(Predicate<Run> which) {
        held = shut ? null : which;
        permits = 0;
    }

    /** Lets all waiting calls go and holds none from now on. */
    public synchronized void release() {
        held = null;
        notifyAll();
    }

    /** Lets one call go, the one that waits or the next that would, and holds those after it. */
    public synchronized void step() {
        permits++;
        notifyAll();
    }

    /** {@return how many calls wait at this moment} */
    public synchronized int waiting() {
        return waiting;
    }

    /** {@return how many calls have come to the gate so far, held or not} */
    public synchronized long arrivals() {
        return arrivals;
    }

    /**
     * Waits until a call waits at the gate that no {@link #step step} has let go already.
     *
     * @param limit how long at most
     * @throws IllegalStateException if none came within the limit, or if the thread was interrupted
     */
    public synchronized void awaitWaiting(Duration limit) {
        long end = System.nanoTime() + limit.toNanos();
        while (waiting <= permits) {
            long left = end - System.nanoTime();
            if (left <= 0) {
                throw new IllegalStateException("no forward came to the gate within " + limit);
            }
            try {
                wait(1 + left / 1_000_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while waiting for a forward", e);
            }
        }
    }

    /** Is called by forward; returns when it may go on. */
    synchronized void pass(Iterable<Run> runs) {
        arrivals++;
        if (!holds(runs)) {
            return;
        }
        boolean interrupted = false;
        waiting++;
        notifyAll();
        do {
            try {
                wait();
            } catch (InterruptedException e) {
                // forward has no way to be interrupted: the flag is kept for the caller
                interrupted = true;
            }
        } while (holds(runs));
        waiting--;
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    synchronized void shut() {
        shut = true;
        release();
    }

    private boolean holds(Iterable<Run> runs) {
        for (Run run : runs) {
            if (held != null && held.test(run)) {
                if (permits > 0) {
                    permits--;
                    return false;
                }
                return true;
            }
        }
        return false;
    }
}
