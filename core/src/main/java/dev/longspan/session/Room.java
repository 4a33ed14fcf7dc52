package dev.longspan.session;

import dev.longspan.engine.MemoryBudget;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/** Makes room for states that come from disk: idle sessions are parked for them, one state at a time. Any thread. */
public final class Room {
    private static final long LONGEST_WAIT_NANOS = 30_000_000_000L;
    private static final long PAUSE_NANOS = 2_000_000;

    private final MemoryBudget memory;
    private final boolean limited;
    private final IdleReclaimer idle;
    private final ReentrantLock lock = new ReentrantLock();

    /**
     * Makes it.
     *
     * @param memory the memory for states
     * @param limited whether a limit of its own was set; else the backend says when there is no more
     * @param idle parks sessions
     */
    public Room(MemoryBudget memory, boolean limited, IdleReclaimer idle) {
        this.memory = memory;
        this.limited = limited;
        this.idle = idle;
    }

    /**
     * Reads a state once there is room for it.
     *
     * @param tokens how many tokens it has
     * @param waits whether to wait for running turns to end where nothing else gives way; it is then read in any case, since its
     *     session may still get room when its turn comes
     * @param reading reads it
     * @throws dev.longspan.spi.BackendMemoryException if there is no room, unless it waits
     */
    <T> T with(int tokens, boolean waits, Supplier<T> reading) {
        lock.lock();
        try {
            long begun = System.nanoTime();
            while (limited && !memory.fits(tokens)) {
                if (idle.parkOne()) {
                    continue;
                }
                if (!waits) {
                    memory.requireFits(tokens);
                }
                if (!idle.parks() || System.nanoTime() - begun > LONGEST_WAIT_NANOS) {
                    break;
                }
                LockSupport.parkNanos(PAUSE_NANOS);
            }
            return reading.get();
        } finally {
            lock.unlock();
        }
    }
}
