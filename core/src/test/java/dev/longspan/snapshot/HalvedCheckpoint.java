package dev.longspan.snapshot;

import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.DType;
import dev.longspan.spi.StateSink;
import dev.longspan.spi.TensorInfo;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** A checkpoint that writes its keys and values in bfloat16, as some backends hold them. */
record HalvedCheckpoint(Checkpoint whole) implements Checkpoint {
    @Override
    public int length() {
        return whole.length();
    }

    @Override
    public long bytes() {
        return whole.bytes();
    }

    @Override
    public long exclusiveBytes() {
        return whole.exclusiveBytes();
    }

    @Override
    public List<TensorInfo> tensors() {
        return whole.tensors().stream().map(HalvedCheckpoint::halved).toList();
    }

    private static TensorInfo halved(TensorInfo tensor) {
        return StateLayout.isRecurrent(tensor.name())
                ? tensor
                : new TensorInfo(tensor.name(), DType.BF16, tensor.shape());
    }

    @Override
    public void write(StateSink sink) {
        whole.write(new StateSink() {
            private boolean halving;

            @Override
            public boolean begin(TensorInfo tensor) {
                halving = !StateLayout.isRecurrent(tensor.name());
                return sink.begin(halved(tensor));
            }

            @Override
            public void write(ByteBuffer bytes) {
                if (!halving) {
                    sink.write(bytes);
                    return;
                }
                ByteBuffer floats = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
                ByteBuffer halves = ByteBuffer.allocate(floats.remaining() / 2).order(ByteOrder.LITTLE_ENDIAN);
                while (floats.hasRemaining()) {
                    halves.putShort((short) (floats.getInt() >>> 16));
                }
                sink.write(halves.flip());
            }
        });
    }

    @Override
    public void close() {
        whole.close();
    }
}
