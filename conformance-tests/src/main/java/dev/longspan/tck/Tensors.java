package dev.longspan.tck;

import dev.longspan.spi.DType;
import dev.longspan.spi.TensorInfo;
import dev.longspan.spi.WeightSource;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Stored numbers and what they mean in Java. */
final class Tensors {
    private Tensors() {}

    /** A whole weight tensor, row by row. */
    static double[] read(WeightSource weights, String name) {
        TensorInfo info = weights.info(name);
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(info.bytes())).order(ByteOrder.LITTLE_ENDIAN);
        weights.read(name, 0, bytes);
        bytes.flip();
        double[] numbers = new double[Math.toIntExact(info.elements())];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = next(bytes, info.dtype());
        }
        return numbers;
    }

    /** The next number of a little-endian buffer. */
    static float next(ByteBuffer bytes, DType dtype) {
        return switch (dtype) {
            case F32 -> bytes.getFloat();
            case BF16 -> Float.intBitsToFloat(bytes.getShort() << 16);
            case F16 -> half(bytes.getShort());
        };
    }

    /** Appends a number to a little-endian buffer, rounded to its type. */
    static void put(ByteBuffer bytes, DType dtype, float number) {
        switch (dtype) {
            case F32 -> bytes.putFloat(number);
            case BF16 -> bytes.putShort(bfloat16(number));
            case F16 -> bytes.putShort(float16(number));
        }
    }

    /** The nearest float16, ties to even, as its 16 bits; infinite where it is too large. Not for NaN. */
    static short float16(float value) {
        int sign = value < 0 || 1 / value < 0 ? 0x8000 : 0;
        float magnitude = Math.abs(value);
        if (magnitude >= 65520) {
            return (short) (sign | 0x7C00);
        }
        int exponent = Math.max(Math.getExponent(magnitude), -14);
        // exact: a power of two, and then the rounding of rint is that to even
        int fraction = (int) Math.rint(Math.scalb((double) magnitude, 10 - exponent));
        // a fraction of 1 << 11 carries into the exponent, one below 1 << 10 is subnormal
        return (short) (sign | ((exponent + 14) * 1024 + fraction));
    }

    /** The nearest bfloat16, ties to even, as its 16 bits. Not for NaN. */
    static short bfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        return (short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
    }

    /** The nearest bfloat16 as a float. */
    static float roundToBfloat16(float value) {
        return Float.intBitsToFloat(bfloat16(value) << 16);
    }

    private static float half(short bits) {
        int exponent = (bits >>> 10) & 0x1F;
        int fraction = bits & 0x3FF;
        float magnitude;
        if (exponent == 0) {
            magnitude = fraction * 0x1p-24f;
        } else if (exponent == 0x1F) {
            magnitude = fraction == 0 ? Float.POSITIVE_INFINITY : Float.NaN;
        } else {
            magnitude = Math.scalb(1 + fraction * 0x1p-10f, exponent - 15);
        }
        return bits < 0 ? -magnitude : magnitude;
    }

    static float[] toFloats(double[] values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    static double[] toDoubles(float[] values) {
        double[] doubles = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            doubles[i] = values[i];
        }
        return doubles;
    }
}
