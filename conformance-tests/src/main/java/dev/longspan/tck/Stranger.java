package dev.longspan.tck;

import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.SequenceState;
import dev.longspan.spi.StateSink;
import dev.longspan.spi.TensorInfo;
import java.util.List;

/** A state, or a checkpoint, of no backend. */
final class Stranger implements SequenceState, Checkpoint {
    @Override
    public int length() {
        return 0;
    }

    @Override
    public long bytes() {
        return 0;
    }

    @Override
    public long exclusiveBytes() {
        return 0;
    }

    @Override
    public Checkpoint checkpoint() {
        return this;
    }

    @Override
    public List<TensorInfo> tensors() {
        return List.of();
    }

    @Override
    public void write(StateSink sink) {}

    @Override
    public void close() {}
}
