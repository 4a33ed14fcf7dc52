package com.example.plain;

import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.Feature;
import dev.longspan.spi.StateSink;
import dev.longspan.spi.TensorInfo;
import dev.longspan.spi.UnsupportedFeatureException;
import java.util.List;

/** A checkpoint: the same rows, to which nobody adds. */
final class PlainCheckpoint extends Holder implements Checkpoint {
    PlainCheckpoint(PlainModel model, List<Row> shared) {
        super(model, shared);
    }

    @Override
    public List<TensorInfo> tensors() {
        requireOpen();
        throw new UnsupportedFeatureException("plain", Feature.CHECKPOINT_TRANSFER);
    }

    @Override
    public void write(StateSink sink) {
        requireOpen();
        throw new UnsupportedFeatureException("plain", Feature.CHECKPOINT_TRANSFER);
    }
}
