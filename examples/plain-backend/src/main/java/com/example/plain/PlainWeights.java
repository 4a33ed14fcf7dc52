package com.example.plain;

import dev.longspan.spi.DType;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.ModelLoadException;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.TensorInfo;
import dev.longspan.spi.WeightSource;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;

/** All weights as float32, whatever they are stored in. */
final class PlainWeights {
    private static final int PIECE = 1 << 20;

    private final Map<String, float[]> tensors = new HashMap<>();

    static long bytes(ModelSpec spec) {
        long bytes = 0;
        for (ModelSpec.Tensor tensor : spec.tensors()) {
            bytes += elements(tensor) * Float.BYTES;
        }
        return bytes;
    }

    private static long elements(ModelSpec.Tensor tensor) {
        long elements = 1;
        for (long size : tensor.shape()) {
            elements = Math.multiplyExact(elements, size);
        }
        return elements;
    }

    /** Every tensor is looked at before the first is read: a fault is named early. */
    static PlainWeights read(ModelSpec spec, WeightSource source, LoadProgress progress) {
        long total = 0;
        for (ModelSpec.Tensor tensor : spec.tensors()) {
            if (!source.names().contains(tensor.name())) {
                throw new ModelLoadException("weights", tensor.name(), "is missing");
            }
            TensorInfo info = source.info(tensor.name());
            if (!info.shape().equals(tensor.shape())) {
                throw new ModelLoadException(
                        "weights", tensor.name(), "expected shape " + tensor.shape() + ", found " + info.shape());
            }
            total += info.bytes();
        }
        PlainWeights weights = new PlainWeights();
        long done = 0;
        for (ModelSpec.Tensor tensor : spec.tensors()) {
            TensorInfo info = source.info(tensor.name());
            weights.tensors.put(tensor.name(), numbers(source, info));
            done += info.bytes();
            progress.loaded(done, total);
        }
        return weights;
    }

    private static float[] numbers(WeightSource source, TensorInfo info) {
        float[] numbers = new float[Math.toIntExact(info.elements())];
        int size = info.dtype().bytes();
        for (int from = 0; from < numbers.length; from += PIECE) {
            int count = Math.min(PIECE, numbers.length - from);
            ByteBuffer bytes = ByteBuffer.allocate(count * size).order(ByteOrder.LITTLE_ENDIAN);
            source.read(info.name(), (long) from * size, bytes);
            bytes.flip();
            for (int i = 0; i < count; i++) {
                numbers[from + i] = number(bytes, info.dtype());
            }
        }
        return numbers;
    }

    /** Weights come in all three types, and each tensor in its own. */
    private static float number(ByteBuffer bytes, DType dtype) {
        return switch (dtype) {
            case F32 -> bytes.getFloat();
            case BF16 -> Float.intBitsToFloat(bytes.getShort() << 16);
            case F16 -> half(bytes.getShort());
        };
    }

    private static float half(short bits) {
        int exponent = (bits >> 10) & 0x1F;
        int fraction = bits & 0x3FF;
        float magnitude;
        if (exponent == 0x1F) {
            magnitude = fraction == 0 ? Float.POSITIVE_INFINITY : Float.NaN;
        } else {
            // the smallest have no leading 1, and the exponent of those above them
            magnitude = Math.scalb((float) (exponent == 0 ? fraction : fraction + 0x400), Math.max(exponent, 1) - 25);
        }
        return bits < 0 ? -magnitude : magnitude;
    }

    float[] get(String name) {
        return tensors.get(name);
    }
}
