package dev.longspan.session;

import dev.longspan.engine.MemoryBudget;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Makes room for states that come from disk: idle sessions are parked for them, one state at a time. Any thread. */
public final class Room {
    private static final long LONGEST_WAIT_NANOS = 30_000_000_000L;
    private static final long PAUSE_NANOS = 2_000_000;

    private final MemoryBudget memory;
    private final IdleReclaimer idle;
    private final ReentrantLock lock = new ReentrantLock();

    /**
     * Makes it.
     *
     * @param memory the memory for states
     * @param idle parks sessions
     */
    public Room(MemoryBudget memory, IdleReclaimer idle) {
        this.memory = memory;
        this.idle = idle;
    }

    /**
     * Reads a state once there is room for it. An interrupt does not end the wait, and is there afterwards.
     *
     * @param tokens how many tokens it has
     * @param anyway whether it is read even if no room was found, since its session may still get room when its turn comes
     * @param stop ends the wait
     * @param reading reads it
     * @throws dev.longspan.spi.BackendMemoryException if there is no room, also after running turns had time to end, unless it is
     *     read anyway
     */
    <T> T with(int tokens, boolean anyway, BooleanSupplier stop, Supplier<T> reading) {
        boolean interrupted = false;
        lock.lock();
        try {
            long end = System.nanoTime() + LONGEST_WAIT_NANOS;
            while (memory.isLimited() && !memory.fits(tokens) && !stop.getAsBoolean()) {
                interrupted |= Thread.interrupted();
                if (idle.freeCached() || idle.parkOne()) {
                    continue;
                }
                if (!idle.parks() || !memory.couldFit(tokens) || System.nanoTime() - end > 0) {
                    if (!anyway) {
                        memory.requireFits(tokens);
                    }
                    break;
                }
                LockSupport.parkNanos(PAUSE_NANOS);
            }
            return idle.during(reading);
        } finally {
            lock.unlock();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
