package dev.longspan.tvm.model;

import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.StateSink;
import dev.longspan.spi.TensorInfo;
import dev.longspan.tvm.memory.SequenceMemory;
import dev.longspan.tvm.memory.StateTransfer;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/** A sequence that no longer changes. Its memory is given back when it is closed and nobody reads it any more. */
final class TvmCheckpoint implements Checkpoint, TvmModel.Owned {
    private final TvmModel model;
    private final SequenceMemory memory;
    private final ReentrantLock lock = new ReentrantLock();
    private int readers;
    private boolean closed;

    TvmCheckpoint(TvmModel model, SequenceMemory memory) {
        this.model = model;
        this.memory = memory;
    }

    TvmModel model() {
        return model;
    }

    /** Reads its memory, which is not given back meanwhile. */
    <T> T using(Function<SequenceMemory, T> reading) {
        lock.lock();
        try {
            if (closed) {
                throw new IllegalStateException("the checkpoint is closed");
            }
            readers++;
        } finally {
            lock.unlock();
        }
        try {
            return reading.apply(memory);
        } finally {
            lock.lock();
            try {
                readers--;
                releaseIfUnused();
            } finally {
                lock.unlock();
            }
        }
    }

    @Override
    public int length() {
        return using(SequenceMemory::length);
    }

    @Override
    public long bytes() {
        return using(SequenceMemory::bytes);
    }

    @Override
    public long exclusiveBytes() {
        return using(SequenceMemory::exclusiveBytes);
    }

    @Override
    public List<TensorInfo> tensors() {
        return using(held -> StateTransfer.tensors(held.layout(), held.length()));
    }

    @Override
    public void write(StateSink sink) {
        using(held -> {
            StateTransfer.write(held, sink);
            return held;
        });
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            releaseIfUnused();
        } finally {
            lock.unlock();
        }
        model.disown(this);
    }

    private void releaseIfUnused() {
        if (closed && readers == 0) {
            memory.release();
        }
    }
}
