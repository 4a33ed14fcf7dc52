package dev.longspan.tvm.memory;

import dev.longspan.spi.DType;
import dev.longspan.spi.StateSink;
import dev.longspan.spi.StateSource;
import dev.longspan.spi.TensorInfo;
import dev.longspan.tvm.runtime.DeviceMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Writes and reads sequences as tensors, a page or a layer at a time. */
public final class StateTransfer {
    private StateTransfer() {}

    /** A tensor, and how it lies in memory. */
    private interface Stored {
        TensorInfo info();

        int layer();

        /** How many rows of numbers that are read or written together. */
        int blocks(int length);

        /** The numbers of a block; those of some rows of the tensor, in order. */
        float[] get(SequenceMemory memory, int block);

        /** Puts numbers to a block, behind those that are known. */
        void put(SequenceMemory memory, int block, int known, float[] numbers);

        /** How many numbers of a block a base of so many tokens holds already. */
        default int known(int held, int block) {
            return 0;
        }

        /** How many numbers of the tensor a block has. */
        int size(int length, int block);
    }

    private static List<Stored> stored(StateLayout layout, int length) {
        List<Stored> all = new ArrayList<>();
        for (StateLayout.AttentionPart part : layout.attention()) {
            all.add(new Tokens(part, true, length));
            all.add(new Tokens(part, false, length));
        }
        for (StateLayout.MambaPart part : layout.mamba()) {
            all.add(new Inputs(part));
            all.add(new Recurrence(part));
        }
        all.sort(Comparator.comparingInt(Stored::layer)); // keys before values, inputs before states
        return all;
    }

    /** {@return the tensors of a sequence of so many tokens, in the order of the network} */
    public static List<TensorInfo> tensors(StateLayout layout, int length) {
        return stored(layout, length).stream().map(Stored::info).toList();
    }

    /** Writes a sequence, which must not change meanwhile. */
    public static void write(SequenceMemory memory, StateSink sink) {
        for (Stored tensor : stored(memory.layout(), memory.length())) {
            if (!sink.begin(tensor.info())) {
                continue;
            }
            for (int block = 0; block < tensor.blocks(memory.length()); block++) {
                float[] numbers = tensor.get(memory, block);
                ByteBuffer bytes =
                        ByteBuffer.allocate(Float.BYTES * numbers.length).order(ByteOrder.LITTLE_ENDIAN);
                bytes.asFloatBuffer().put(numbers);
                sink.write(bytes);
            }
        }
    }

    /**
     * Reads a sequence.
     *
     * @param base a sequence whose keys and values are the first of the source's; null for none
     * @throws IllegalArgumentException if a tensor is missing or does not fit
     */
    public static SequenceMemory read(
            StateLayout layout, MemoryAccount account, StateSource source, @Nullable SequenceMemory base) {
        int length = source.length();
        int held = base == null ? 0 : base.length();
        if (length < held) {
            throw new IllegalArgumentException(
                    "base: expected at most the source's " + length + " tokens, found " + held);
        }
        List<Stored> tensors = stored(layout, length);
        List<DType> types = new ArrayList<>();
        for (Stored tensor : tensors) {
            types.add(checked(tensor.info(), source.info(tensor.info().name())));
        }
        SequenceMemory memory = base == null ? SequenceMemory.empty(layout, account) : base.withPagesOf(held);
        boolean done = false;
        try {
            memory.reserve(length);
            memory.advance(length - held);
            for (int i = 0; i < tensors.size(); i++) {
                read(memory, source, tensors.get(i), types.get(i), held);
            }
            done = true;
            return memory;
        } finally {
            if (!done) {
                memory.release();
            }
        }
    }

    private static void read(SequenceMemory memory, StateSource source, Stored tensor, DType type, int held) {
        long offset = 0;
        for (int block = 0; block < tensor.blocks(memory.length()); block++) {
            int size = tensor.size(memory.length(), block);
            int known = Math.min(size, tensor.known(held, block));
            if (known < size) {
                ByteBuffer buffer =
                        ByteBuffer.allocate(type.bytes() * (size - known)).order(ByteOrder.LITTLE_ENDIAN);
                source.read(tensor.info().name(), offset + (long) type.bytes() * known, buffer);
                tensor.put(memory, block, known, numbers(buffer.clear(), type, size - known));
            }
            offset += (long) type.bytes() * size;
        }
    }

    private static float[] numbers(ByteBuffer buffer, DType type, int size) {
        ByteBuffer little = buffer.order(ByteOrder.LITTLE_ENDIAN);
        float[] numbers = new float[size];
        for (int i = 0; i < size; i++) {
            numbers[i] =
                    type == DType.F32 ? little.getFloat(4 * i) : Float.intBitsToFloat(little.getShort(2 * i) << 16);
        }
        return numbers;
    }

    private static DType checked(TensorInfo wanted, TensorInfo found) {
        boolean recurrent = wanted.name().endsWith(".conv") || wanted.name().endsWith(".ssm");
        if (found.dtype() != DType.F32 && (recurrent || found.dtype() != DType.BF16)) {
            throw new IllegalArgumentException(wanted.name() + ": expected data type "
                    + (recurrent ? "F32" : "F32 or BF16") + ", found " + found.dtype());
        }
        if (!found.shape().equals(wanted.shape())) {
            throw new IllegalArgumentException(
                    wanted.name() + ": expected shape " + wanted.shape() + ", found " + found.shape());
        }
        return found.dtype();
    }

    /** Keys or values; a block is what lies in one page. */
    private record Tokens(StateLayout.AttentionPart part, boolean keys, int length) implements Stored {
        @Override
        public TensorInfo info() {
            return new TensorInfo(
                    "layers." + part.layer() + (keys ? ".key" : ".value"),
                    DType.F32,
                    List.of((long) length, (long) part.heads().keyValueHeads(), (long)
                            part.heads().headSize()));
        }

        @Override
        public int layer() {
            return part.layer();
        }

        @Override
        public int blocks(int tokens) {
            return (tokens + StateLayout.PAGE - 1) / StateLayout.PAGE;
        }

        private int width() {
            return part.heads().keyValueHeads() * part.heads().headSize();
        }

        @Override
        public int size(int tokens, int block) {
            return Math.min(StateLayout.PAGE, tokens - block * StateLayout.PAGE) * width();
        }

        @Override
        public int known(int held, int block) {
            return Math.max(0, Math.min(StateLayout.PAGE, held - block * StateLayout.PAGE)) * width();
        }

        /** Where the vectors of a token and a head, and of those that lie side by side with it, begin. */
        private long offset(int token, int head) {
            int heads = part.heads().keyValueHeads();
            int vector = (keys ? 0 : StateLayout.PAGE * heads) + part.order().vector(heads, token, head);
            return Float.BYTES * (part.first() + (long) vector * part.paddedHeadSize());
        }

        /** Which vector of the tensor is the one with this number of those that lie together from a head's first on. */
        private int vector(int head, int number) {
            int heads = part.heads().keyValueHeads();
            int together = part.order().together(heads);
            return number / together * heads + head + number % together;
        }

        @Override
        public float[] get(SequenceMemory memory, int block) {
            int rows = size(memory.length(), block) / width();
            int heads = part.heads().keyValueHeads();
            int together = part.order().together(heads);
            int size = part.heads().headSize();
            float[] numbers = new float[rows * width()];
            float[] padded = new float[rows * together * part.paddedHeadSize()];
            for (int head = 0; head < heads; head += together) {
                memory.page(block).read(offset(0, head), padded, 0, padded.length);
                for (int i = 0; i < rows * together; i++) {
                    System.arraycopy(padded, i * part.paddedHeadSize(), numbers, vector(head, i) * size, size);
                }
            }
            return numbers;
        }

        @Override
        public void put(SequenceMemory memory, int block, int known, float[] numbers) {
            int rows = numbers.length / width();
            int heads = part.heads().keyValueHeads();
            int together = part.order().together(heads);
            int size = part.heads().headSize();
            float[] padded = new float[rows * together * part.paddedHeadSize()];
            for (int head = 0; head < heads; head += together) {
                for (int i = 0; i < rows * together; i++) {
                    System.arraycopy(numbers, vector(head, i) * size, padded, i * part.paddedHeadSize(), size);
                }
                memory.page(block).write(offset(known / width(), head), padded, 0, padded.length);
            }
        }
    }

    private static DeviceMemory recurrent(SequenceMemory memory) {
        return Objects.requireNonNull(memory.recurrent());
    }

    /** The last inputs of a convolution, which lie [w − 1, C] and are written [C, w − 1]; one block. */
    private record Inputs(StateLayout.MambaPart part) implements Stored {
        private int channels() {
            return part.spec().channels();
        }

        private int width() {
            return part.spec().convolutionWidth() - 1;
        }

        @Override
        public TensorInfo info() {
            return new TensorInfo(
                    "layers." + part.layer() + ".conv", DType.F32, List.of((long) channels(), (long) width()));
        }

        @Override
        public int layer() {
            return part.layer();
        }

        @Override
        public int blocks(int length) {
            return 1;
        }

        @Override
        public int size(int length, int block) {
            return channels() * width();
        }

        @Override
        public float[] get(SequenceMemory memory, int block) {
            float[] lying = new float[channels() * width()];
            recurrent(memory).read(Float.BYTES * part.convolutionFirst(), lying, 0, lying.length);
            float[] numbers = new float[lying.length];
            for (int c = 0; c < channels(); c++) {
                for (int j = 0; j < width(); j++) {
                    numbers[c * width() + j] = lying[j * channels() + c];
                }
            }
            return numbers;
        }

        @Override
        public void put(SequenceMemory memory, int block, int known, float[] numbers) {
            float[] lying = new float[numbers.length];
            for (int c = 0; c < channels(); c++) {
                for (int j = 0; j < width(); j++) {
                    lying[j * channels() + c] = numbers[c * width() + j];
                }
            }
            recurrent(memory).write(Float.BYTES * part.convolutionFirst(), lying, 0, lying.length);
        }
    }

    /** The state of the recurrence; a block is one head's. */
    private record Recurrence(StateLayout.MambaPart part) implements Stored {
        @Override
        public TensorInfo info() {
            return new TensorInfo(
                    "layers." + part.layer() + ".ssm",
                    DType.F32,
                    List.of((long) part.spec().heads(), (long) part.spec().headSize(), (long)
                            part.spec().stateSize()));
        }

        @Override
        public int layer() {
            return part.layer();
        }

        @Override
        public int blocks(int length) {
            return part.spec().heads();
        }

        @Override
        public int size(int length, int block) {
            return part.spec().headSize() * part.spec().stateSize();
        }

        private long offset(int head) {
            return Float.BYTES * (part.stateFirst() + (long) head * part.spec().headSize() * part.paddedStateSize());
        }

        @Override
        public float[] get(SequenceMemory memory, int block) {
            int rows = part.spec().headSize();
            int size = part.spec().stateSize();
            float[] padded = new float[rows * part.paddedStateSize()];
            recurrent(memory).read(offset(block), padded, 0, padded.length);
            float[] numbers = new float[rows * size];
            for (int r = 0; r < rows; r++) {
                System.arraycopy(padded, r * part.paddedStateSize(), numbers, r * size, size);
            }
            return numbers;
        }

        @Override
        public void put(SequenceMemory memory, int block, int known, float[] numbers) {
            int rows = part.spec().headSize();
            int size = part.spec().stateSize();
            float[] padded = new float[rows * part.paddedStateSize()];
            for (int r = 0; r < rows; r++) {
                System.arraycopy(numbers, r * size, padded, r * part.paddedStateSize(), size);
            }
            recurrent(memory).write(offset(block), padded, 0, padded.length);
        }
    }
}
