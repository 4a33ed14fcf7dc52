package dev.longspan.tck;

import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.DType;
import dev.longspan.spi.StateSink;
import dev.longspan.spi.TensorInfo;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** A checkpoint of the digest model. */
final class DigestCheckpoint implements Checkpoint {
    final DigestLanguageModel model;
    final DigestHolding holding;
    private boolean closed;

    DigestCheckpoint(DigestLanguageModel model, DigestHolding holding) {
        this.model = model;
        this.holding = holding;
    }

    void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the checkpoint is closed");
        }
    }

    @Override
    public int length() {
        synchronized (model.memory()) {
            requireOpen();
            return holding.length();
        }
    }

    @Override
    public long bytes() {
        synchronized (model.memory()) {
            requireOpen();
            return holding.bytes();
        }
    }

    @Override
    public long exclusiveBytes() {
        synchronized (model.memory()) {
            requireOpen();
            return holding.exclusiveBytes();
        }
    }

    @Override
    public List<TensorInfo> tensors() {
        return tensors(length());
    }

    static List<TensorInfo> tensors(long tokens) {
        return List.of(
                new TensorInfo("layers.0.conv", DType.F32, List.of(16L, 3L)),
                new TensorInfo("layers.0.ssm", DType.F32, List.of(2L, 4L, 4L)),
                new TensorInfo("layers.1.key", DType.F32, List.of(tokens, 2L, 4L)),
                new TensorInfo("layers.1.value", DType.F32, List.of(tokens, 2L, 4L)));
    }

    @Override
    public void write(StateSink sink) {
        synchronized (model.memory()) {
            requireOpen();
            holding.hold();
        }
        try {
            for (TensorInfo tensor : tensors(holding.length())) {
                if (sink.begin(tensor)) {
                    write(tensor.name(), sink);
                }
            }
        } finally {
            synchronized (model.memory()) {
                holding.drop();
            }
        }
    }

    private void write(String name, StateSink sink) {
        switch (name) {
            case "layers.0.conv" -> write(holding.recurrence.conv(), DigestRecurrence.CHANNELS * 3, sink);
            case "layers.0.ssm" -> write(holding.recurrence.ssm(), DigestRecurrence.SSM_SIZE, sink);
            default -> {
                int left = holding.length();
                for (int page = 0; left > 0; page++) {
                    float[] rows = name.endsWith("key") ? holding.keys(page) : holding.values(page);
                    write(rows, Math.min(left, DigestMemory.PAGE) * DigestModel.ROW, sink);
                    left -= DigestMemory.PAGE;
                }
            }
        }
    }

    private static void write(float[] numbers, int count, StateSink sink) {
        ByteBuffer bytes = ByteBuffer.allocate(count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(numbers, 0, count);
        sink.write(bytes);
    }

    @Override
    public void close() {
        synchronized (model.memory()) {
            if (!closed) {
                closed = true;
                holding.drop();
                model.forget(this);
            }
        }
    }
}
