package dev.longspan.benchmarks;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.Batch;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.DType;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import dev.longspan.spi.StateSink;
import dev.longspan.spi.StateSource;
import dev.longspan.spi.TensorInfo;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A checkpoint of any size that takes no memory: its rows are copies of one random buffer. What it measures is the way to
 * disk and back, not a backend.
 *
 * @param length how many tokens it has
 */
record SyntheticState(int length) implements Checkpoint {
    /** Keys and values of one token, in bytes. */
    static final int TOKEN_BYTES = 4 * 2 * 8 * 128 * Float.BYTES;

    /** Four attention layers with eight heads of 128 numbers. */
    static final ModelSpec SPEC =
            new ModelSpec("synthetic", 1, 1, 1e-5, true, List.of(attention(), attention(), attention(), attention()));

    private static final int BUFFER = 1 << 16;

    private static LayerSpec attention() {
        return new LayerSpec.Attention(new AttentionHeads(8, 8, 128), null);
    }

    @Override
    public long bytes() {
        return (long) length * TOKEN_BYTES;
    }

    @Override
    public long exclusiveBytes() {
        return 0;
    }

    @Override
    public List<TensorInfo> tensors() {
        List<TensorInfo> tensors = new ArrayList<>();
        for (int layer = 0; layer < SPEC.layers().size(); layer++) {
            for (String name : List.of("key", "value")) {
                tensors.add(
                        new TensorInfo("layers." + layer + "." + name, DType.F32, List.of((long) length, 8L, 128L)));
            }
        }
        return tensors;
    }

    @Override
    public void write(StateSink sink) {
        byte[] rows = new byte[BUFFER];
        new SplittableRandom(1).nextBytes(rows);
        for (TensorInfo tensor : tensors()) {
            if (sink.begin(tensor)) {
                for (long done = 0; done < tensor.bytes(); done += BUFFER) {
                    sink.write(ByteBuffer.wrap(rows, 0, (int) Math.min(BUFFER, tensor.bytes() - done)));
                }
            }
        }
    }

    @Override
    public void close() {}

    /** Reads checkpoints and keeps nothing of them. */
    static final class Model implements LanguageModel {
        @Override
        public ModelSpec spec() {
            return SPEC;
        }

        @Override
        public Checkpoint readCheckpoint(StateSource source) {
            ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
            SyntheticState state = new SyntheticState(source.length());
            for (TensorInfo tensor : state.tensors()) {
                for (long at = 0; at < tensor.bytes(); at += buffer.limit()) {
                    buffer.clear().limit((int) Math.min(BUFFER, tensor.bytes() - at));
                    source.read(tensor.name(), at, buffer);
                }
            }
            return state;
        }

        @Override
        public Checkpoint readCheckpoint(StateSource source, Checkpoint base) {
            throw new UnsupportedOperationException("there is one checkpoint only");
        }

        @Override
        public SequenceState newState() {
            throw new UnsupportedOperationException("nothing is computed");
        }

        @Override
        public SequenceState newState(Checkpoint checkpoint) {
            throw new UnsupportedOperationException("nothing is computed");
        }

        @Override
        public List<RunResult> forward(Batch batch) {
            throw new UnsupportedOperationException("nothing is computed");
        }

        @Override
        public void close() {}
    }
}
