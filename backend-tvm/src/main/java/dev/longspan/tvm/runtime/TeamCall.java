package dev.longspan.tvm.runtime;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;

/** The call of a kernel on a processor: behind its arguments it is told which of its tasks to do. */
final class TeamCall extends KernelCall {
    private final long function;
    private final KernelTeam team;
    private final KernelTeam.Tasks work = this::run;
    /** Of each thread of the team: values, the codes of their types, and the result. */
    private final Memory[] blocks;

    TeamCall(String kernel, long function, int count, KernelTeam team) {
        super(kernel, count);
        this.function = function;
        this.team = team;
        blocks = new Memory[team.size()];
        for (int i = 0; i < blocks.length; i++) {
            blocks[i] = new Memory(8L * (count + 2) + 4L * (count + 2) + 24);
            blocks[i].clear();
        }
    }

    private long codes() {
        return 8L * (count() + 2);
    }

    private long result() {
        return codes() + 4L * (count() + 2 + count() % 2);
    }

    @Override
    void argument(int index, int code, long value) {
        for (Memory block : blocks) {
            block.setLong(8L * index, value);
            block.setInt(codes() + 4L * index, code);
        }
    }

    @Override
    void start(long tasks, long least, long most) {
        team.run(work, tasks, least, most);
    }

    /** Does some of the tasks, as one thread of the team. */
    private void run(int worker, long first, long last) {
        Memory block = blocks[worker];
        block.setLong(8L * count(), first);
        block.setLong(8L * (count() + 1), last);
        long values = Pointer.nativeValue(block);
        Calls.check(TvmApi.TVMFuncCall(
                function, values, values + codes(), count() + 2, values + result(), values + result() + 8));
    }
}
