package dev.longspan.benchmarks;

import dev.longspan.spi.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ShortBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/**
 * Fills tensors with seeded random numbers. Every tensor has a stream of its own, given by the seed and its name, so that it
 * is the same in whatever order tensors are written.
 */
final class WeightGenerator {
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;
    private static final int BLOCK = 1 << 18;

    private final long seed;
    private final NormalTable normal = new NormalTable();
    private final short[] rounded = new short[NormalTable.SIZE];
    private final short[] numbers = new short[BLOCK];
    private final ByteBuffer block = ByteBuffer.allocateDirect(2 * BLOCK).order(ByteOrder.LITTLE_ENDIAN);
    private long state;

    WeightGenerator(long seed) {
        this.seed = seed;
    }

    /** Writes a tensor's numbers in little-endian order. */
    void write(WeightPlan.Tensor tensor, WritableByteChannel out) throws IOException {
        CRC32 name = new CRC32();
        name.update(tensor.info().name().getBytes(StandardCharsets.UTF_8));
        state = (seed * GOLDEN) ^ (name.getValue() << 32);
        if (tensor.info().dtype() == DType.F32) {
            writeSingles(tensor, out);
        } else if (tensor.filling() instanceof WeightPlan.Filling.Normal filling) {
            writeRounded(filling, tensor.info().elements(), out);
        } else {
            throw new IllegalArgumentException(tensor + ": only normally distributed numbers are written as BF16");
        }
    }

    private void writeSingles(WeightPlan.Tensor tensor, WritableByteChannel out) throws IOException {
        ByteBuffer bytes =
                ByteBuffer.allocate(Math.toIntExact(tensor.info().bytes())).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            bytes.putFloat((float) number(tensor.filling()));
        }
        writeFully(bytes.flip(), out);
    }

    private double number(WeightPlan.Filling filling) {
        if (filling instanceof WeightPlan.Filling.Normal n) {
            return n.mean() + n.deviation() * normal.quantile((int) (next() >>> 48));
        }
        double uniform = (next() >>> 11) * 0x1p-53;
        if (filling instanceof WeightPlan.Filling.StepBias) {
            double step = Math.exp(Math.log(1e-3) + uniform * (Math.log(1e-1) - Math.log(1e-3)));
            return step + Math.log(-Math.expm1(-step));
        }
        return Math.log(1 + 15 * uniform);
    }

    private void writeRounded(WeightPlan.Filling.Normal filling, long count, WritableByteChannel out)
            throws IOException {
        for (int i = 0; i < rounded.length; i++) {
            rounded[i] = toBf16((float) (filling.mean() + filling.deviation() * normal.quantile(i)));
        }
        for (long left = count; left > 0; left -= BLOCK) {
            int size = (int) Math.min(BLOCK, left);
            fillBlock();
            block.clear();
            ShortBuffer view = block.asShortBuffer();
            view.put(numbers, 0, size);
            writeFully(block.limit(2 * size), out);
        }
    }

    private void fillBlock() {
        short[] values = rounded;
        for (int i = 0; i < BLOCK; i += 4) {
            long bits = next();
            numbers[i] = values[(int) (bits & 0xFFFF)];
            numbers[i + 1] = values[(int) ((bits >>> 16) & 0xFFFF)];
            numbers[i + 2] = values[(int) ((bits >>> 32) & 0xFFFF)];
            numbers[i + 3] = values[(int) (bits >>> 48)];
        }
    }

    /** SplitMix64 (Steele, Lea, Flood 2014). */
    private long next() {
        state += GOLDEN;
        long z = state;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    /** The nearest BF16, ties to even. */
    private static short toBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        return (short) ((bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16);
    }

    private static void writeFully(ByteBuffer bytes, WritableByteChannel out) throws IOException {
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
    }
}
