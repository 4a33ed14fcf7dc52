package dev.longspan.reference.network;

import dev.longspan.spi.DType;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.ModelLoadException;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.TensorInfo;
import dev.longspan.spi.WeightSource;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Set;

/** Reads weights as float32, a block at a time. */
final class WeightReader {
    private static final int BLOCK = 1 << 22;
    private static final int TILE = 16;

    private final WeightSource source;
    private final LoadProgress progress;
    private final ByteBuffer buffer = ByteBuffer.allocate(BLOCK).order(ByteOrder.LITTLE_ENDIAN);
    private final float[] numbers = new float[BLOCK / 2];
    private long done;
    private long total;

    WeightReader(WeightSource source, LoadProgress progress) {
        this.source = source;
        this.progress = progress;
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

    /** Tells the end of the loading. */
    void finish() {
        progress.loaded(total, total);
    }

    float[] vector(String name) {
        TensorInfo info = source.info(name);
        float[] vector = new float[(int) info.elements()];
        int block = BLOCK / info.dtype().bytes();
        for (int start = 0; start < vector.length; start += block) {
            int count = Math.min(block, vector.length - start);
            read(info, name, start, count);
            System.arraycopy(numbers, 0, vector, start, count);
        }
        return vector;
    }

    /** Reads a matrix [outputs, inputs] into its transposed form. */
    Matrix matrix(String name) {
        TensorInfo info = source.info(name);
        int outputs = Math.toIntExact(info.shape().get(0));
        int inputs = Math.toIntExact(info.elements() / outputs);
        Matrix matrix = Matrix.allocate(outputs, inputs);
        int most = BLOCK / info.dtype().bytes();
        int rows = Math.max(1, most / inputs);
        for (int row = 0; row < outputs; row += rows) {
            int count = Math.min(rows, outputs - row);
            if (inputs <= most) {
                read(info, name, (long) row * inputs, count * inputs);
                transpose(matrix, row, count, 0, inputs);
            } else {
                for (int k = 0; k < inputs; k += most) {
                    int part = Math.min(most, inputs - k);
                    read(info, name, (long) row * inputs + k, part);
                    transpose(matrix, row, 1, k, part);
                }
            }
        }
        return matrix;
    }

    private void transpose(Matrix matrix, int firstOutput, int outputs, int firstInput, int inputs) {
        for (int tile = 0; tile < outputs; tile += TILE) {
            int end = Math.min(outputs, tile + TILE);
            for (int k = 0; k < inputs; k++) {
                float[] row = matrix.rows()[firstInput + k];
                for (int n = tile; n < end; n++) {
                    row[firstOutput + n] = numbers[n * inputs + k];
                }
            }
        }
    }

    private void read(TensorInfo info, String name, long firstElement, int count) {
        int bytes = count * info.dtype().bytes();
        buffer.clear().limit(bytes);
        source.read(name, firstElement * info.dtype().bytes(), buffer);
        buffer.position(0).limit(bytes);
        decode(info.dtype(), count);
        done += bytes;
        progress.loaded(done, total);
    }

    private void decode(DType dtype, int count) {
        switch (dtype) {
            case F32 -> buffer.asFloatBuffer().get(numbers, 0, count);
            case BF16 -> {
                for (int i = 0; i < count; i++) {
                    numbers[i] = Float.intBitsToFloat(buffer.getShort(2 * i) << 16);
                }
            }
            case F16 -> {
                for (int i = 0; i < count; i++) {
                    numbers[i] = half(buffer.getShort(2 * i));
                }
            }
        }
    }

    /** The value of an IEEE 754 binary16. */
    static float half(short bits) {
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
