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
    private final MatrixLayout layout;
    private final MemoryAccount account;
    private final List<DeviceMemory> loaded = new ArrayList<>();
    private final ByteBuffer buffer = ByteBuffer.allocate(BLOCK).order(ByteOrder.LITTLE_ENDIAN);
    private float[] floats = new float[0];
    private short[] shorts = new short[0];
    private long done;
    private long told;
    private long total;

    WeightLoader(WeightSource source, LoadProgress progress, MatrixLayout layout, MemoryAccount account) {
        this.source = source;
        this.progress = progress;
        this.layout = layout;
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

    /** {@return matrices of the same shape, one behind the other} */
    Matrix matrices(List<String> names) {
        List<Long> shape = source.info(names.get(0)).shape();
        int outputs = Math.toIntExact(shape.get(0));
        int inputs = Math.toIntExact(source.info(names.get(0)).elements() / outputs);
        Matrix.Kind kind = names.stream().allMatch(name -> source.info(name).dtype() == DType.BF16)
                ? Matrix.Kind.BF16
                : Matrix.Kind.F32;
        long bytes = layout.bytes(kind, outputs, inputs);
        Matrix matrix = new Matrix(allocate(names.size() * bytes), kind, outputs, inputs);
        for (int i = 0; i < names.size(); i++) {
            fill(matrix, names.get(i), i * bytes);
        }
        return matrix;
    }

    /** Fills one of the matrices, from a place on, by as many rows at a time as lie together. */
    private void fill(Matrix matrix, String name, long place) {
        TensorInfo info = source.info(name);
        int inputs = matrix.inputs();
        int most = BLOCK / info.dtype().bytes();
        int readAtOnce = Math.max(1, most / inputs);
        int together = layout.rows(readAtOnce);
        for (int row = 0; row < matrix.outputs(); row += together) {
            int count = Math.min(together, matrix.outputs() - row);
            int size = Math.toIntExact(layout.outputs(count) * matrix.paddedInputs());
            clear(matrix.kind(), size);
            for (int r = 0; r < count; r += readAtOnce) {
                int rows = Math.min(readAtOnce, count - r);
                for (int k = 0; k < inputs; k += most) { // several parts only where a row is longer than a block
                    int part = Math.min(most, inputs - k);
                    read(info, name, (row + (long) r) * inputs + k, rows * part);
                    arrange(matrix, info.dtype(), r, rows, k, part);
                }
            }
            write(
                    matrix,
                    place + (long) row * matrix.paddedInputs() * matrix.kind().bytes(),
                    size);
        }
    }

    private void clear(Matrix.Kind kind, int size) {
        if (kind == Matrix.Kind.BF16) {
            shorts = shorts.length < size ? new short[size] : shorts;
            Arrays.fill(shorts, 0, size, (short) 0);
        } else {
            floats = floats.length < size ? new float[size] : floats;
            Arrays.fill(floats, 0, size, 0f);
        }
    }

    /** Puts what was read, parts of some rows, where it lies among the rows that lie together. */
    private void arrange(Matrix matrix, DType dtype, int firstRow, int rows, int firstInput, int part) {
        int padded = matrix.paddedInputs();
        boolean kept = matrix.kind() == Matrix.Kind.BF16;
        for (int r = 0; r < rows; r++) {
            if (kept && layout == MatrixLayout.ROWS) { // many at once
                buffer.position(2 * r * part);
                buffer.slice()
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .asShortBuffer()
                        .get(shorts, (firstRow + r) * padded + firstInput, part);
                continue;
            }
            for (int i = 0; i < part; i++) {
                int index = layout.index(matrix.kind(), firstRow + r, firstInput + i, padded);
                if (kept) {
                    shorts[index] = buffer.getShort(2 * (r * part + i));
                } else {
                    floats[index] = number(dtype, r * part + i);
                }
            }
        }
    }

    private void write(Matrix matrix, long place, int size) {
        if (matrix.kind() == Matrix.Kind.BF16) {
            matrix.memory().write(place, shorts, 0, size);
        } else {
            matrix.memory().write(place, floats, 0, size);
        }
    }

    private void read(TensorInfo info, String name, long firstElement, int count) {
        int bytes = count * info.dtype().bytes();
        buffer.clear().limit(bytes);
        source.read(name, firstElement * info.dtype().bytes(), buffer);
        buffer.position(0).limit(bytes);
        done += bytes;
        if (done - told >= BLOCK) {
            told = done;
            progress.loaded(done, total);
        }
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
