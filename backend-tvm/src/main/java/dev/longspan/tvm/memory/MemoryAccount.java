package dev.longspan.tvm.memory;

import dev.longspan.spi.BackendMemoryException;
import dev.longspan.tvm.runtime.DeviceMemory;
import dev.longspan.tvm.runtime.TvmDevice;
import dev.longspan.tvm.runtime.TvmException;
import dev.longspan.tvm.runtime.TvmRuntime;
import java.util.concurrent.atomic.AtomicLong;

/** Takes a device's memory and keeps account of it; weights, states and checkpoints stay within a limit. Any thread. */
public final class MemoryAccount {
    private final TvmRuntime runtime;
    private final TvmDevice device;
    private final long limit;
    private final AtomicLong limited = new AtomicLong();
    private final AtomicLong workspace = new AtomicLong();
    private final AtomicLong heap = new AtomicLong();

    /**
     * Makes an account.
     *
     * @param limit the most bytes that weights, states and checkpoints may hold together
     */
    public MemoryAccount(TvmRuntime runtime, TvmDevice device, long limit) {
        this.runtime = runtime;
        this.device = device;
        this.limit = limit;
    }

    /** {@return all bytes of the device that are held} */
    public long used() {
        return limited.get() + workspace.get();
    }

    /** {@return all bytes in the Java heap that were counted} */
    public long heap() {
        return heap.get();
    }

    /** {@return the most bytes that weights, states and checkpoints may hold together} */
    public long limit() {
        return limit;
    }

    /**
     * {@return a block of memory}
     *
     * @param purpose what it is for
     * @throws BackendMemoryException if the limit or the device does not allow it
     */
    public DeviceMemory allocate(String purpose, long bytes) {
        if (limited.addAndGet(bytes) > limit) {
            limited.addAndGet(-bytes);
            throw new BackendMemoryException(purpose + " (limit " + limit + " bytes)", bytes, null);
        }
        return taken(purpose, bytes, limited);
    }

    /** {@return a block of memory that the limit does not count} */
    public DeviceMemory allocateWorkspace(String purpose, long bytes) {
        workspace.addAndGet(bytes);
        return taken(purpose, bytes, workspace);
    }

    /** Counts workspace in the Java heap. */
    public void countHeap(long bytes) {
        heap.addAndGet(bytes);
    }

    private DeviceMemory taken(String purpose, long bytes, AtomicLong account) {
        boolean done = false;
        try {
            DeviceMemory made = runtime.allocate(device, bytes);
            done = true;
            return made;
        } catch (TvmException e) {
            throw new BackendMemoryException(purpose, bytes, e);
        } finally {
            if (!done) {
                account.addAndGet(-bytes);
            }
        }
    }

    /** Gives back what {@link #allocate} gave. */
    public void free(DeviceMemory memory) {
        memory.close();
        limited.addAndGet(-memory.bytes());
    }

    /** Gives back what {@link #allocateWorkspace} gave. */
    public void freeWorkspace(DeviceMemory memory) {
        memory.close();
        workspace.addAndGet(-memory.bytes());
    }
}
