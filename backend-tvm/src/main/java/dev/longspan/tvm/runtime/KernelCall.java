package dev.longspan.tvm.runtime;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;

/**
 * A kernel and room for its arguments, which are set and used again and again; behind them it is told which of its tasks to do.
 * By who holds the team's lock.
 *
 * <p>What would end the process is refused here: memory that is closed, and arguments that were not set. Whether memory is long
 * enough only the caller knows.
 */
public final class KernelCall {
    private static final int INTEGER = 0;
    private static final int FLOAT = 2;
    private static final int ADDRESS = 3;

    private final String kernel;
    private final long function;
    private final KernelTeam team;
    private final KernelTeam.Tasks work = this::run;
    private final boolean[] set;
    private final int count;
    /** Of each thread of the team: values, the codes of their types, and the result. */
    private final Memory[] blocks;

    private int missing;

    KernelCall(String kernel, long function, int count, KernelTeam team) {
        this.kernel = kernel;
        this.function = function;
        this.count = count;
        this.team = team;
        set = new boolean[count];
        missing = count;
        blocks = new Memory[team.size()];
        for (int i = 0; i < blocks.length; i++) {
            blocks[i] = new Memory(8L * (count + 2) + 4L * (count + 2) + 24);
            blocks[i].clear();
        }
    }

    private long codes() {
        return 8L * (count + 2);
    }

    private long result() {
        return codes() + 4L * (count + 2 + count % 2);
    }

    /**
     * Sets an argument to the address of a block of memory.
     *
     * @param index which argument, from 0
     * @param memory the block
     * @return this call
     * @throws IllegalStateException if the block is closed
     */
    public KernelCall memory(int index, DeviceMemory memory) {
        return put(index, ADDRESS, memory.address(0, memory.bytes()));
    }

    /** Sets an argument to a whole number. {@return this call} */
    public KernelCall integer(int index, long value) {
        return put(index, INTEGER, value);
    }

    /** Sets an argument to a number. {@return this call} */
    public KernelCall number(int index, double value) {
        return put(index, FLOAT, Double.doubleToRawLongBits(value));
    }

    private KernelCall put(int index, int code, long value) {
        if (index < 0 || index >= count) {
            throw new IllegalArgumentException(kernel + ": expected argument 0 to " + (count - 1) + ", found " + index);
        }
        for (Memory block : blocks) {
            block.setLong(8L * index, value);
            block.setInt(codes() + 4L * index, code);
        }
        missing -= set[index] ? 0 : 1;
        set[index] = true;
        return this;
    }

    /** Runs all tasks on the team, each thread at least one. */
    public void run(long tasks) {
        run(tasks, 1);
    }

    /**
     * Runs all tasks on the team.
     *
     * @param tasks how many there are
     * @param grain how many are too little to wake another thread for
     * @throws TvmException if the kernel refuses its arguments
     * @throws IllegalStateException if an argument was never set
     */
    public void run(long tasks, long grain) {
        if (missing > 0) {
            throw new IllegalStateException(kernel + ": " + missing + " of " + count + " arguments are not set");
        }
        if (tasks > 0) {
            team.run(work, tasks, grain);
        }
    }

    /** Does some of the tasks, as one thread of the team. */
    void run(int worker, long first, long last) {
        Memory block = blocks[worker];
        block.setLong(8L * count, first);
        block.setLong(8L * (count + 1), last);
        long values = Pointer.nativeValue(block);
        Calls.check(TvmApi.TVMFuncCall(
                function, values, values + codes(), count + 2, values + result(), values + result() + 8));
    }
}
