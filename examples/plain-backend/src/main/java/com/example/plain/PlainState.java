package com.example.plain;

import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.SequenceState;
import java.util.List;

/** A state: its rows, to which {@code forward} adds. */
final class PlainState extends Holder implements SequenceState {
    private volatile boolean failed;

    PlainState(PlainModel model, List<Row> shared) {
        super(model, shared);
    }

    static long rowBytes(ModelSpec spec) {
        long bytes = 0;
        for (LayerSpec layer : spec.layers()) {
            if (layer instanceof LayerSpec.Attention a) {
                bytes += 2L * a.heads().keyValueHeads() * a.heads().headSize() * Float.BYTES;
            }
        }
        return bytes;
    }

    void fail() {
        failed = true;
    }

    @Override
    void requireOpen() {
        super.requireOpen();
        if (failed) {
            throw new IllegalStateException("the state has failed: it can only be closed");
        }
    }

    @Override
    public Checkpoint checkpoint() {
        requireOpen();
        return new PlainCheckpoint(model, rows);
    }
}
