package dev.longspan.tvm.model;

import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.SequenceState;
import dev.longspan.tvm.memory.SequenceMemory;

/**
 * A sequence that grows. It is meant for one thread; whoever closes or copies it on another waits for the batch that is computed, since
 * kernels know nothing of memory that is taken from them.
 */
final class TvmState implements SequenceState, TvmModel.Owned {
    private enum Condition {
        OPEN,
        FAILED,
        CLOSED
    }

    private final TvmModel model;
    private final SequenceMemory memory;
    private volatile Condition condition = Condition.OPEN;

    TvmState(TvmModel model, SequenceMemory memory) {
        this.model = model;
        this.memory = memory;
    }

    TvmModel model() {
        return model;
    }

    /** What it holds, if it is usable. */
    SequenceMemory memory() {
        Condition now = condition;
        if (now != Condition.OPEN) {
            throw new IllegalStateException(
                    now == Condition.CLOSED ? "the state is closed" : "the state has failed and can only be closed");
        }
        return memory;
    }

    @Override
    public int length() {
        return memory().length();
    }

    @Override
    public long bytes() {
        return memory().bytes();
    }

    @Override
    public long exclusiveBytes() {
        return memory().exclusiveBytes();
    }

    @Override
    public Checkpoint checkpoint() {
        model.lock().lock();
        try {
            return model.newCheckpoint(memory().copy());
        } finally {
            model.lock().unlock();
        }
    }

    /** Gives up what it holds after a failed run. By who holds the runner's lock. */
    void fail() {
        condition = Condition.FAILED;
        memory.release();
    }

    @Override
    public void close() {
        model.lock().lock();
        try {
            condition = Condition.CLOSED;
            memory.release();
        } finally {
            model.lock().unlock();
        }
        model.disown(this);
    }
}
