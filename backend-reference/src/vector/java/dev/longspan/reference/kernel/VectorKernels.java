package dev.longspan.reference.kernel;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Short loops in explicit vectors, a product rounded before it is added, so that the bits are those of the plain loops;
 * where those are as fast, the plain loops themselves.
 *
 * <p>Loaded only where the Java runtime has the module {@code jdk.incubator.vector}.
 */
public final class VectorKernels implements Kernels {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();
    /** From this length on the plain loops are as fast. */
    private static final int LONG = 128;

    private final Kernels plain = new PlainKernels();

    /** Makes the loops. */
    public VectorKernels() {}

    @Override
    public void product(float[][] x, float[][] y, int firstRow, int lastRow, float[][] w, int from, int to) {
        int vectorEnd = from + (to - from) / LANES * LANES;
        if (lastRow - firstRow > 1) {
            plain.product(x, y, firstRow, lastRow, w, from, to);
            return;
        }
        Arrays.fill(y[firstRow], from, vectorEnd, 0f);
        oneRow(x[firstRow], y[firstRow], w, from, vectorEnd);
        if (vectorEnd < to) {
            plain.product(x, y, firstRow, lastRow, w, vectorEnd, to);
        }
    }

    private static void oneRow(float[] x, float[] y, float[][] w, int from, int to) {
        int k = 0;
        for (; k + 3 < w.length; k += 4) {
            four(w[k], w[k + 1], w[k + 2], w[k + 3], x, k, y, from, to);
        }
        for (; k < w.length; k++) {
            one(w[k], x[k], y, from, to);
        }
    }

    private static void four(
            float[] w0, float[] w1, float[] w2, float[] w3, float[] x, int k, float[] y, int from, int to) {
        for (int i = from; i < to; i += LANES) {
            FloatVector.fromArray(SPECIES, y, i)
                    .add(FloatVector.fromArray(SPECIES, w0, i).mul(x[k]))
                    .add(FloatVector.fromArray(SPECIES, w1, i).mul(x[k + 1]))
                    .add(FloatVector.fromArray(SPECIES, w2, i).mul(x[k + 2]))
                    .add(FloatVector.fromArray(SPECIES, w3, i).mul(x[k + 3]))
                    .intoArray(y, i);
        }
    }

    private static void one(float[] w, float x, float[] y, int from, int to) {
        for (int i = from; i < to; i += LANES) {
            FloatVector.fromArray(SPECIES, y, i)
                    .add(FloatVector.fromArray(SPECIES, w, i).mul(x))
                    .intoArray(y, i);
        }
    }

    @Override
    public void accumulate(
            float[] x,
            int xOffset,
            int count,
            float[][] rows,
            int firstRow,
            int offset,
            int length,
            float[] y,
            int yOffset) {
        if (length >= LONG) {
            plain.accumulate(x, xOffset, count, rows, firstRow, offset, length, y, yOffset);
            return;
        }
        int i = 0;
        for (; i + 4 * LANES <= length; i += 4 * LANES) {
            fourVectors(x, xOffset, count, rows, firstRow, offset + i, y, yOffset + i);
        }
        for (; i + LANES <= length; i += LANES) {
            FloatVector sum = FloatVector.fromArray(SPECIES, y, yOffset + i);
            for (int k = 0; k < count; k++) {
                sum = sum.add(FloatVector.fromArray(SPECIES, rows[firstRow + k], offset + i)
                        .mul(x[xOffset + k]));
            }
            sum.intoArray(y, yOffset + i);
        }
        if (i < length) {
            plain.accumulate(x, xOffset, count, rows, firstRow, offset + i, length - i, y, yOffset + i);
        }
    }

    private static void fourVectors(
            float[] x, int xOffset, int count, float[][] rows, int firstRow, int offset, float[] y, int yOffset) {
        FloatVector a = FloatVector.fromArray(SPECIES, y, yOffset);
        FloatVector b = FloatVector.fromArray(SPECIES, y, yOffset + LANES);
        FloatVector c = FloatVector.fromArray(SPECIES, y, yOffset + 2 * LANES);
        FloatVector d = FloatVector.fromArray(SPECIES, y, yOffset + 3 * LANES);
        for (int k = 0; k < count; k++) {
            float[] row = rows[firstRow + k];
            float factor = x[xOffset + k];
            a = a.add(FloatVector.fromArray(SPECIES, row, offset).mul(factor));
            b = b.add(FloatVector.fromArray(SPECIES, row, offset + LANES).mul(factor));
            c = c.add(FloatVector.fromArray(SPECIES, row, offset + 2 * LANES).mul(factor));
            d = d.add(FloatVector.fromArray(SPECIES, row, offset + 3 * LANES).mul(factor));
        }
        a.intoArray(y, yOffset);
        b.intoArray(y, yOffset + LANES);
        c.intoArray(y, yOffset + 2 * LANES);
        d.intoArray(y, yOffset + 3 * LANES);
    }

    @Override
    public void scan(float[][] s, int from, int to, float[] decay, float[] u, float[] bc, int b, int c, float[] y) {
        plain.scan(s, from, to, decay, u, bc, b, c, y);
    }
}
