package dev.longspan.tvm.runtime;

/**
 * A kernel and room for its arguments, which are set and used again and again. By who holds the lock of the {@link KernelRunner}.
 *
 * <p>What would end the process is refused here: memory that is closed, and arguments that were not set. Whether memory is long
 * enough only the caller knows.
 */
public abstract sealed class KernelCall permits TeamCall, LaunchCall {
    /** How TVM names what an argument is. */
    static final int INTEGER = 0;

    static final int FLOAT = 2;
    static final int ADDRESS = 3;

    private final String kernel;
    private final int count;
    private final boolean[] set;
    private int missing;

    KernelCall(String kernel, int count) {
        this.kernel = kernel;
        this.count = count;
        set = new boolean[count];
        missing = count;
    }

    final int count() {
        return count;
    }

    /**
     * Sets an argument to the address of a block of memory.
     *
     * @param index which argument, from 0
     * @param memory the block
     * @return this call
     * @throws IllegalStateException if the block is closed
     */
    public final KernelCall memory(int index, DeviceMemory memory) {
        return put(index, ADDRESS, memory.address(0, memory.bytes()));
    }

    /** Sets an argument to the address of a part of a block, likewise. {@return this call} */
    public final KernelCall memory(int index, DeviceMemory.Part part) {
        return put(index, ADDRESS, part.memory().address(part.offset(), part.bytes()));
    }

    /** Sets an argument to a whole number. {@return this call} */
    public final KernelCall integer(int index, long value) {
        return put(index, INTEGER, value);
    }

    /** Sets an argument to a number. {@return this call} */
    public final KernelCall number(int index, double value) {
        return put(index, FLOAT, Double.doubleToRawLongBits(value));
    }

    private KernelCall put(int index, int code, long value) {
        if (index < 0 || index >= count) {
            throw new IllegalArgumentException(kernel + ": expected argument 0 to " + (count - 1) + ", found " + index);
        }
        argument(index, code, value);
        missing -= set[index] ? 0 : 1;
        set[index] = true;
        return this;
    }

    /** Keeps an argument. */
    abstract void argument(int index, int code, long value);

    /** Runs all tasks. */
    public final void run(long tasks) {
        run(tasks, 1);
    }

    /** Runs all tasks, where up to {@code least} are too little for one more thread. */
    public final void run(long tasks, long least) {
        run(tasks, least, Long.MAX_VALUE);
    }

    /**
     * Runs all tasks.
     *
     * @param tasks how many there are, below 2^31
     * @param least how many a thread takes at once at least: what is less is too little for one more thread
     * @param most how many it takes at most: for tasks of which many have nothing to do, and some that are neighbours a lot
     * @throws TvmException if the kernel refuses its arguments
     * @throws IllegalStateException if an argument was never set
     */
    public final void run(long tasks, long least, long most) {
        if (missing > 0) {
            throw new IllegalStateException(kernel + ": " + missing + " of " + count + " arguments are not set");
        }
        if (tasks > 0) {
            start(tasks, least, most);
        }
    }

    abstract void start(long tasks, long least, long most);
}
