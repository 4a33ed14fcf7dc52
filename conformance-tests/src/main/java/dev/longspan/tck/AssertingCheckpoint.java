package dev.longspan.tck;

import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.StateSink;
import dev.longspan.spi.TensorInfo;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** A checkpoint that is watched. */
final class AssertingCheckpoint implements Checkpoint {
    private final AssertingModel model;
    private final Checkpoint checkpoint;
    private final int length;
    private volatile boolean closed;

    AssertingCheckpoint(AssertingModel model, Checkpoint checkpoint) {
        this.model = model;
        this.checkpoint = checkpoint;
        this.length = checkpoint.length();
    }

    AssertingModel model() {
        return model;
    }

    Checkpoint watched() {
        return checkpoint;
    }

    void requireOpen(String call) {
        model.contract().caller(!closed, "Z1", () -> call + " of a closed checkpoint");
    }

    @Override
    public int length() {
        requireOpen("length");
        int now = checkpoint.length();
        model.contract().backend(now == length, "S2", () -> "a checkpoint of " + length + " tokens has length " + now);
        return now;
    }

    @Override
    public long bytes() {
        requireOpen("bytes");
        return checkpoint.bytes();
    }

    @Override
    public long exclusiveBytes() {
        requireOpen("exclusiveBytes");
        return checkpoint.exclusiveBytes();
    }

    @Override
    public List<TensorInfo> tensors() {
        requireOpen("tensors");
        return checkpoint.tensors();
    }

    @Override
    public void write(StateSink sink) {
        requireOpen("write");
        List<TensorInfo> listed = checkpoint.tensors(); // asked first: another thread may close it while it is written
        Counting counting = new Counting(sink);
        checkpoint.write(counting);
        model.contract()
                .backend(counting.begun.equals(listed), "X1", () -> "it wrote " + counting.begun + " of " + listed);
        model.contract().backend(counting.left == 0, "X1", () -> "the last tensor lacks " + counting.left + " bytes");
    }

    /** Counts what is written. */
    private final class Counting implements StateSink {
        private final StateSink sink;
        private final List<TensorInfo> begun = new ArrayList<>();
        private long left;

        Counting(StateSink sink) {
            this.sink = sink;
        }

        @Override
        public boolean begin(TensorInfo tensor) {
            model.contract().backend(left == 0, "X1", () -> left + " bytes are missing before " + tensor);
            begun.add(tensor);
            boolean wanted = sink.begin(tensor);
            left = wanted ? tensor.bytes() : 0;
            return wanted;
        }

        @Override
        public void write(ByteBuffer bytes) {
            left -= bytes.remaining();
            model.contract().backend(left >= 0, "X1", () -> "a tensor has " + -left + " bytes too many");
            sink.write(bytes);
        }
    }

    @Override
    public void close() {
        closed = true;
        checkpoint.close();
    }
}
