package dev.longspan.reference;

import dev.longspan.reference.memory.SequenceMemory;
import dev.longspan.reference.memory.StateTransfer;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.StateSink;
import dev.longspan.spi.TensorInfo;
import java.util.List;
import java.util.function.Function;

/** A sequence that no longer changes. Its memory is released when it is closed and nobody reads it any more. */
final class ReferenceCheckpoint implements Checkpoint, ReferenceModel.Owned {
    private final ReferenceModel model;
    private final SequenceMemory memory;
    private int readers;
    private boolean closed;

    ReferenceCheckpoint(ReferenceModel model, SequenceMemory memory) {
        this.model = model;
        this.memory = memory;
    }

    ReferenceModel model() {
        return model;
    }

    /** Reads its memory, which is not released meanwhile. */
    <T> T using(Function<SequenceMemory, T> reading) {
        synchronized (this) {
            if (closed) {
                throw new IllegalStateException("the checkpoint is closed");
            }
            readers++;
        }
        try {
            return reading.apply(memory);
        } finally {
            synchronized (this) {
                readers--;
                releaseIfUnused();
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
        synchronized (this) {
            closed = true;
            releaseIfUnused();
        }
        model.disown(this);
    }

    private void releaseIfUnused() {
        if (closed && readers == 0) {
            memory.release();
        }
    }
}
