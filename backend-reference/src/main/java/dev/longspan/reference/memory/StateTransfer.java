package dev.longspan.reference.memory;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.DType;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.StateSink;
import dev.longspan.spi.StateSource;
import dev.longspan.spi.TensorInfo;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes and reads sequences as tensors, a small buffer at a time. */
public final class StateTransfer {
    private static final int BUFFER = 1 << 16;

    private StateTransfer() {}

    /**
     * {@return the tensors of a sequence, in the order of the network}
     *
     * @param layout the sizes
     * @param length how many tokens
     */
    public static List<TensorInfo> tensors(StateLayout layout, int length) {
        List<TensorInfo> all = new ArrayList<>();
        int remaining = layout.attention().size() + layout.mamba().size();
        for (int layer = 0; remaining > 0; layer++) {
            int attention = layout.attentionLayers().indexOf(layer);
            int mamba = layout.mambaLayers().indexOf(layer);
            String prefix = "layers." + layer + ".";
            if (attention >= 0) {
                AttentionHeads heads = layout.attention().get(attention);
                List<Long> shape = List.of((long) length, (long) heads.keyValueHeads(), (long) heads.headSize());
                all.add(new TensorInfo(prefix + "key", DType.F32, shape));
                all.add(new TensorInfo(prefix + "value", DType.F32, shape));
                remaining--;
            } else if (mamba >= 0) {
                LayerSpec.Mamba m = layout.mamba().get(mamba);
                List<Long> inputs = List.of((long) m.channels(), m.convolutionWidth() - 1L);
                List<Long> state = List.of((long) m.heads(), (long) m.headSize(), (long) m.stateSize());
                all.add(new TensorInfo(prefix + "conv", DType.F32, inputs));
                all.add(new TensorInfo(prefix + "ssm", DType.F32, state));
                remaining--;
            }
        }
        return List.copyOf(all);
    }

    /**
     * Writes a sequence, which must not change meanwhile.
     *
     * @param memory the sequence
     * @param sink takes the tensors it wants
     */
    public static void write(SequenceMemory memory, StateSink sink) {
        Writer writer = new Writer(sink);
        for (TensorInfo tensor : tensors(memory.layout(), memory.length())) {
            if (sink.begin(tensor)) {
                Rows rows = rows(memory, tensor.name());
                float[] row = new float[rows.width()];
                for (int i = 0; i < rows.count(); i++) {
                    rows.get(i, row);
                    writer.write(row);
                }
                writer.flush();
            }
        }
    }

    /**
     * Reads a sequence.
     *
     * @param layout the sizes
     * @param ledger where its bytes are booked
     * @param source the tensors
     * @param base a sequence whose keys and values are the first of the source's; null for none
     * @return the sequence
     * @throws IllegalArgumentException if a tensor is missing or does not fit
     */
    public static SequenceMemory read(
            StateLayout layout, MemoryLedger ledger, StateSource source, @Nullable SequenceMemory base) {
        int length = source.length();
        int held = base == null ? 0 : base.length();
        if (length < held) {
            throw new IllegalArgumentException(
                    "base: expected at most the source's " + length + " tokens, found " + held);
        }
        List<TensorInfo> stored = new ArrayList<>();
        for (TensorInfo wanted : tensors(layout, length)) {
            stored.add(checked(wanted, source.info(wanted.name())));
        }
        SequenceMemory memory = base == null ? SequenceMemory.empty(layout, ledger) : base.withPagesOf(held);
        boolean done = false;
        try {
            memory.reserve(length);
            memory.advance(length - held);
            for (TensorInfo tensor : stored) {
                Rows rows = rows(memory, tensor.name());
                new Reader(source, tensor).read(rows, isRecurrent(tensor) ? 0 : held);
            }
            done = true;
            return memory;
        } finally {
            if (!done) {
                memory.release();
            }
        }
    }

    private static boolean isRecurrent(TensorInfo tensor) {
        return tensor.name().endsWith(".conv") || tensor.name().endsWith(".ssm");
    }

    private static TensorInfo checked(TensorInfo wanted, TensorInfo found) {
        boolean recurrent = isRecurrent(wanted);
        if (found.dtype() != DType.F32 && (recurrent || found.dtype() != DType.BF16)) {
            throw new IllegalArgumentException(wanted.name() + ": expected data type "
                    + (recurrent ? "F32" : "F32 or BF16") + ", found " + found.dtype());
        }
        if (!found.shape().equals(wanted.shape())) {
            throw new IllegalArgumentException(
                    wanted.name() + ": expected shape " + wanted.shape() + ", found " + found.shape());
        }
        return new TensorInfo(wanted.name(), found.dtype(), found.shape());
    }

    private static Rows rows(SequenceMemory memory, String name) {
        String[] parts = name.split("\\.", -1);
        int layer = Integer.parseInt(parts[1]);
        StateLayout layout = memory.layout();
        int attention = layout.attentionLayers().indexOf(layer);
        int mamba = layout.mambaLayers().indexOf(layer);
        return switch (parts[2]) {
            case "key" -> new TokenRows(memory, attention, true);
            case "value" -> new TokenRows(memory, attention, false);
            case "conv" -> new TransposedRows(memory.recurrent().convolution(mamba));
            default -> new TransposedRows(memory.recurrent().ssm(mamba));
        };
    }

    /** A tensor as rows of the stored form. */
    private interface Rows {
        int count();

        int width();

        void get(int row, float[] target);

        void put(int row, float[] source);
    }

    private record TokenRows(SequenceMemory memory, int layer, boolean key) implements Rows {
        @Override
        public int count() {
            return memory.length();
        }

        @Override
        public int width() {
            AttentionHeads heads = memory.layout().attention().get(layer);
            return heads.keyValueHeads() * heads.headSize();
        }

        @Override
        public void get(int row, float[] target) {
            Page page = memory.pages().page(row / Page.TOKENS);
            if (key) {
                page.getKey(layer, row % Page.TOKENS, target);
            } else {
                System.arraycopy(page.values(layer)[row % Page.TOKENS], 0, target, 0, target.length);
            }
        }

        @Override
        public void put(int row, float[] source) {
            Page page = memory.pages().page(row / Page.TOKENS);
            if (key) {
                page.putKey(layer, row % Page.TOKENS, source, 0);
            } else {
                System.arraycopy(source, 0, page.values(layer)[row % Page.TOKENS], 0, source.length);
            }
        }
    }

    /** A matrix that is kept transposed: the stored rows are its columns. */
    private static final class TransposedRows implements Rows {
        private final float[][] matrix;

        TransposedRows(float[][] matrix) {
            this.matrix = matrix;
        }

        @Override
        public int count() {
            return matrix[0].length;
        }

        @Override
        public int width() {
            return matrix.length;
        }

        @Override
        public void get(int row, float[] target) {
            for (int i = 0; i < target.length; i++) {
                target[i] = matrix[i][row];
            }
        }

        @Override
        public void put(int row, float[] source) {
            for (int i = 0; i < source.length; i++) {
                matrix[i][row] = source[i];
            }
        }
    }

    private static final class Writer {
        private final StateSink sink;
        private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER).order(ByteOrder.LITTLE_ENDIAN);

        Writer(StateSink sink) {
            this.sink = sink;
        }

        void write(float[] row) {
            for (float value : row) {
                if (buffer.remaining() < Float.BYTES) {
                    flush();
                }
                buffer.putFloat(value);
            }
        }

        void flush() {
            if (buffer.position() > 0) {
                buffer.flip();
                sink.write(buffer.slice().order(ByteOrder.LITTLE_ENDIAN));
                buffer.clear();
            }
        }
    }

    private static final class Reader {
        private final StateSource source;
        private final TensorInfo tensor;
        private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER).order(ByteOrder.LITTLE_ENDIAN);
        private long offset;

        Reader(StateSource source, TensorInfo tensor) {
            this.source = source;
            this.tensor = tensor;
            buffer.limit(0);
        }

        void read(Rows rows, int firstRow) {
            float[] row = new float[rows.width()];
            offset = (long) firstRow * row.length * tensor.dtype().bytes();
            for (int i = firstRow; i < rows.count(); i++) {
                for (int j = 0; j < row.length; j++) {
                    row[j] = next();
                }
                rows.put(i, row);
            }
        }

        private float next() {
            if (!buffer.hasRemaining()) {
                int size = (int) Math.min(BUFFER, tensor.bytes() - offset);
                buffer.clear().limit(size);
                source.read(tensor.name(), offset, buffer);
                buffer.position(0).limit(size);
                offset += size;
            }
            return tensor.dtype() == DType.F32 ? buffer.getFloat() : Float.intBitsToFloat(buffer.getShort() << 16);
        }
    }
}
