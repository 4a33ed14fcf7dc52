package dev.longspan.tck;

import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.SequenceState;
import dev.longspan.spi.StateSink;
import dev.longspan.spi.TensorInfo;
import java.util.List;

/** States and checkpoints of no backend. */
final class Stranger {
    private Stranger() {}

    static final class State implements SequenceState {
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
            return new Kept();
        }

        @Override
        public void close() {}
    }

    static final class Kept implements Checkpoint {
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
        public List<TensorInfo> tensors() {
            return List.of();
        }

        @Override
        public void write(StateSink sink) {}

        @Override
        public void close() {}
    }
}
