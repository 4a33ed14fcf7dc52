package dev.longspan.reference.memory;

import dev.longspan.spi.BackendMemoryException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/** The account of all bytes that a backend holds, with an optional limit. Safe for several threads. */
public final class MemoryLedger {
    private final long limit;
    private final AtomicLong limited = new AtomicLong();
    private final AtomicLong workspace = new AtomicLong();

    /**
     * Makes an empty ledger.
     *
     * @param limit the most bytes that weights, states and checkpoints may hold
     */
    public MemoryLedger(long limit) {
        this.limit = limit;
    }

    /** {@return all bytes held, the workspace included} */
    public long used() {
        return limited.get() + workspace.get();
    }

    /** {@return the most bytes that weights, states and checkpoints may hold} */
    public long limit() {
        return limit;
    }

    /**
     * Books bytes and allocates them; books nothing if that fails.
     *
     * @param purpose what they are for
     * @param bytes how many
     * @param allocation makes the arrays
     * @param <T> what is made
     * @return what was made
     * @throws BackendMemoryException if the limit or the heap does not allow it
     */
    public <T> T allocate(String purpose, long bytes, Supplier<T> allocation) {
        if (limited.addAndGet(bytes) > limit) {
            limited.addAndGet(-bytes);
            throw new BackendMemoryException(purpose + " (limit " + limit + " bytes)", bytes, null);
        }
        boolean done = false;
        try {
            T made = allocation.get();
            done = true;
            return made;
        } catch (OutOfMemoryError e) {
            throw new BackendMemoryException(purpose, bytes, e);
        } finally {
            if (!done) {
                limited.addAndGet(-bytes);
            }
        }
    }

    /**
     * Takes back what {@link #allocate} booked.
     *
     * @param bytes how many
     */
    public void release(long bytes) {
        limited.addAndGet(-bytes);
    }

    /**
     * Books workspace, which the limit does not count, or takes it back.
     *
     * @param bytes how many; negative to take back
     */
    public void changeWorkspace(long bytes) {
        workspace.addAndGet(bytes);
    }
}
