package dev.longspan.tvm.network;

import dev.longspan.spi.DType;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.ModelLoadException;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.TensorInfo;
import dev.longspan.spi.WeightSource;
import dev.longspan.tvm.memory.MemoryAccount;
import dev.longspan.tvm.memory.Padding;
import dev.longspan.tvm.runtime.DeviceMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** Brings weights to the device, a block at a time: bfloat16 stays as it is, float16 becomes float32. */
final class WeightLoader {
    private static final int BLOCK = 1 << 22;

    private final WeightSource source;
    private final LoadProgress progress;
    private final MemoryAccount account;
    private final List<DeviceMemory> loaded = new ArrayList<>();
    private final ByteBuffer buffer = ByteBuffer.allocate(BLOCK).order(ByteOrder.LITTLE_ENDIAN);
    private float[] floats = new float[0];
    private short[] shorts = new short[0];
    private long done;
    private long total;

    WeightLoader(WeightSource source, LoadProgress progress, MemoryAccount account) {
        this.source = source;
        this.progress = progress;
        this.account = account;
    }

    /** Checks that every tensor is there and has its shape, before anything is read. */
    void check(ModelSpec spec) {
        Set<String> names = source.names();
        for (ModelSpec.Tensor tensor : spec.tensors()) {
            if (!names.contains(tensor.name())) {
                throw new ModelLoadException(
                        "weights", tensor.name(), "expected a tensor of shape " + tensor.shape() + ", found none");
            }
            TensorInfo info = source.info(tensor.name());
            if (!info.shape().equals(tensor.shape())) {
                throw new ModelLoadException(
                        "weights", tensor.name(), "expected shape " + tensor.shape() + ", found " + info.shape());
            }
            total += info.bytes();
        }
    }

    void finish() {
        progress.loaded(total, total);
    }

    /** {@return all memory that the weights lie in} */
    List<DeviceMemory> loaded() {
        return loaded;
    }

    private DeviceMemory allocate(long bytes) {
        DeviceMemory memory = account.allocate("the weights", bytes);
        loaded.add(memory);
        return memory;
    }

    /** {@return a vector as float32 numbers on the host} */
    float[] numbers(String name) {
        TensorInfo info = source.info(name);
        int count = Math.toIntExact(info.elements());
        float[] numbers = new float[count];
        int most = BLOCK / info.dtype().bytes();
        for (int first = 0; first < count; first += most) {
            int part = Math.min(most, count - first);
            read(info, name, first, part);
            for (int i = 0; i < part; i++) {
                numbers[first + i] = number(info.dtype(), i);
            }
        }
        return numbers;
    }

    /** {@return a vector as float32 numbers, padded by zeros} */
    DeviceMemory vector(String name) {
        return vector(numbers(name));
    }

    DeviceMemory vector(float[] numbers) {
        DeviceMemory memory = allocate((long) Float.BYTES * Padding.padded(numbers.length));
        memory.write(0, numbers, 0, numbers.length);
        return memory;
    }

    /** {@return a matrix [outputs, inputs]} */
    Matrix matrix(String name) {
        return matrices(List.of(name));
    }

    /** {@return matrices of the same shape, one behind the other: [names · outputs, inputs]} */
    Matrix matrices(List<String> names) {
        List<Long> shape = source.info(names.get(0)).shape();
        int outputs = Math.toIntExact(shape.get(0));
        int inputs = Math.toIntExact(source.info(names.get(0)).elements() / outputs);
        Matrix.Kind kind = names.stream().allMatch(name -> source.info(name).dtype() == DType.BF16)
                ? Matrix.Kind.BF16
                : Matrix.Kind.F32;
        DeviceMemory memory = allocate(Matrix.bytes(kind, (long) names.size() * outputs, inputs));
        Matrix matrix = new Matrix(memory, kind, outputs, inputs);
        for (int i = 0; i < names.size(); i++) {
            fill(matrix, names.get(i), (long) i * outputs);
        }
        return matrix;
    }

    private void fill(Matrix matrix, String name, long firstRow) {
        TensorInfo info = source.info(name);
        int inputs = matrix.inputs();
        int padded = matrix.paddedInputs();
        int most = BLOCK / info.dtype().bytes();
        int rows = Math.max(1, most / inputs);
        for (int row = 0; row < matrix.outputs(); row += rows) {
            int count = Math.min(rows, matrix.outputs() - row);
            for (int k = 0; k < inputs; k += most) { // several parts only where a row is longer than a block
                int part = Math.min(most, inputs - k);
                read(info, name, (long) row * inputs + k, count * part);
                long target = (firstRow + row) * padded + k;
                write(matrix, info.dtype(), target, count, part, count == 1 ? part : padded);
            }
        }
    }

    /** Writes what was read, rows of so many numbers, to rows that are further apart. */
    private void write(Matrix matrix, DType dtype, long target, int rows, int numbers, int stride) {
        int size = (rows - 1) * stride + numbers;
        if (matrix.kind() == Matrix.Kind.BF16) {
            shorts = shorts.length < size ? new short[size] : shorts;
            Arrays.fill(shorts, 0, size, (short) 0);
            for (int r = 0; r < rows; r++) {
                buffer.position(2 * r * numbers);
                buffer.slice().order(ByteOrder.LITTLE_ENDIAN).asShortBuffer().get(shorts, r * stride, numbers);
            }
            matrix.memory().write(target * 2, shorts, 0, size);
            return;
        }
        floats = floats.length < size ? new float[size] : floats;
        Arrays.fill(floats, 0, size, 0f);
        for (int r = 0; r < rows; r++) {
            for (int i = 0; i < numbers; i++) {
                floats[r * stride + i] = number(dtype, r * numbers + i);
            }
        }
        matrix.memory().write(target * 4, floats, 0, size);
    }

    private void read(TensorInfo info, String name, long firstElement, int count) {
        int bytes = count * info.dtype().bytes();
        buffer.clear().limit(bytes);
        source.read(name, firstElement * info.dtype().bytes(), buffer);
        buffer.position(0).limit(bytes);
        done += bytes;
        progress.loaded(done, total);
    }

    private float number(DType dtype, int index) {
        return switch (dtype) {
            case F32 -> buffer.getFloat(4 * index);
            case BF16 -> Float.intBitsToFloat(buffer.getShort(2 * index) << 16);
            case F16 -> half(buffer.getShort(2 * index));
        };
    }

    /** The value of an IEEE 754 binary16. */
    private static float half(short bits) {
        int sign = (bits & 0x8000) << 16;
        int exponent = bits >> 10 & 0x1f;
        int fraction = bits & 0x3ff;
        if (exponent == 0) {
            float value = fraction * 0x1p-24f;
            return sign == 0 ? value : -value;
        }
        int wide = exponent == 0x1f ? 0xff : exponent + 112;
        return Float.intBitsToFloat(sign | wide << 23 | fraction << 13);
    }
}
