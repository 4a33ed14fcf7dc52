package dev.longspan.tvm.runtime;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;

/** The call of kernels on a GPU: one, or some that take the same arguments and one after the other do what one does elsewhere. */
public final class LaunchCall extends KernelCall {
    private static final int MOST_MORE = 5; // three more arguments, blocks and threads

    private final KernelLibrary library;
    private final CudaStream stream;
    private final Plan plan;
    private final Memory block;
    private final long[] integers;

    /** Which kernels do the work, and how many blocks of threads. */
    public interface Plan {
        /** Launches them. */
        void launch(LaunchCall call, long tasks);
    }

    LaunchCall(String kernel, KernelLibrary library, int count, CudaStream stream, Plan plan) {
        super(kernel, count);
        this.library = library;
        this.stream = stream;
        this.plan = plan;
        integers = new long[count];
        block = new Memory(12L * (count + MOST_MORE) + 24);
        block.clear();
    }

    @Override
    void argument(int index, int code, long value) {
        block.setLong(8L * index, value);
        integers[index] = value;
    }

    @Override
    void start(long tasks, long least, long most) {
        stream.requireRunnable();
        plan.launch(this, tasks);
    }

    /** {@return a whole number that was set} */
    public long integer(int index) {
        return integers[index];
    }

    /**
     * Launches a kernel.
     *
     * @param blocks how many blocks of threads
     * @param threads how many threads a block has
     */
    public void launch(String kernel, long blocks, int threads) {
        start(kernel, count(), blocks, threads);
    }

    /**
     * Launches a kernel that takes one argument more.
     *
     * @param parts the argument
     */
    public void launch(String kernel, long blocks, int threads, long parts) {
        block.setLong(8L * count(), parts);
        start(kernel, count() + 1, blocks, threads);
    }

    /**
     * Launches a kernel that takes two arguments more.
     *
     * @param room the first of them
     * @param parts the second
     */
    public void launch(String kernel, long blocks, int threads, DeviceMemory room, long parts) {
        block.setLong(8L * count(), room.address(0, room.bytes()));
        block.setLong(8L * (count() + 1), parts);
        start(kernel, count() + 2, blocks, threads);
    }

    /**
     * Launches a kernel that takes three arguments more.
     *
     * @param room the first of them
     * @param parts the second
     * @param from the third
     */
    public void launch(String kernel, long blocks, int threads, DeviceMemory room, long parts, long from) {
        block.setLong(8L * count(), room.address(0, room.bytes()));
        block.setLong(8L * (count() + 1), parts);
        block.setLong(8L * (count() + 2), from);
        start(kernel, count() + 3, blocks, threads);
    }

    private void start(String kernel, int arguments, long blocks, int threads) {
        if (blocks < 1 || blocks > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(kernel + ": expected 1 to 2^31 - 1 blocks, found " + blocks);
        }
        block.setLong(8L * arguments, blocks);
        block.setLong(8L * (arguments + 1), threads);
        long values = Pointer.nativeValue(block);
        long codes = values + 8L * (count() + MOST_MORE); // all zero: whoever launches looks at the values alone
        long result = values + block.size() - 24;
        Calls.check(TvmApi.TVMFuncCall(library.function(kernel), values, codes, arguments + 2, result, result + 8));
    }
}
