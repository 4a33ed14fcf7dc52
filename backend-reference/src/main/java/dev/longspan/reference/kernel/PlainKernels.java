package dev.longspan.reference.kernel;

import java.util.Arrays;

/** The loops in plain Java, in a form that the compiler vectorises: few arrays a loop, one index for all of them. */
public final class PlainKernels implements Kernels {
    /** Rows of the matrix that stay in the first-level cache while all inputs pass by. */
    private static final int DEPTH = 32;

    @Override
    public void product(float[][] x, float[][] y, int firstRow, int lastRow, float[][] w, int from, int to) {
        for (int r = firstRow; r < lastRow; r++) {
            Arrays.fill(y[r], from, to, 0f);
        }
        int inputs = w.length;
        int depth = lastRow - firstRow > 1 ? DEPTH : inputs;
        for (int k = 0; k < inputs; k += depth) {
            int end = Math.min(inputs, k + depth);
            int r = firstRow;
            for (; r + 1 < lastRow; r += 2) {
                twoRows(x[r], x[r + 1], y[r], y[r + 1], w, k, end, from, to);
            }
            if (r < lastRow) {
                oneRow(x[r], y[r], w, k, end, from, to);
            }
        }
    }

    private static void twoRows(
            float[] x0, float[] x1, float[] y0, float[] y1, float[][] w, int begin, int end, int from, int to) {
        int k = begin;
        for (; k + 3 < end; k += 4) {
            add(
                    y0, y1, from, to, w[k], w[k + 1], w[k + 2], w[k + 3], x0[k], x0[k + 1], x0[k + 2], x0[k + 3], x1[k],
                    x1[k + 1], x1[k + 2], x1[k + 3]);
        }
        for (; k < end; k++) {
            add(y0, from, w[k], from, to - from, x0[k]);
            add(y1, from, w[k], from, to - from, x1[k]);
        }
    }

    private static void oneRow(float[] x, float[] y, float[][] w, int begin, int end, int from, int to) {
        int k = begin;
        for (; k + 3 < end; k += 4) {
            add(y, from, w[k], w[k + 1], w[k + 2], w[k + 3], from, to - from, x[k], x[k + 1], x[k + 2], x[k + 3]);
        }
        for (; k < end; k++) {
            add(y, from, w[k], from, to - from, x[k]);
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
        int k = 0;
        for (; k + 3 < count; k += 4) {
            int r = firstRow + k;
            int p = xOffset + k;
            add(
                    y,
                    yOffset,
                    rows[r],
                    rows[r + 1],
                    rows[r + 2],
                    rows[r + 3],
                    offset,
                    length,
                    x[p],
                    x[p + 1],
                    x[p + 2],
                    x[p + 3]);
        }
        for (; k < count; k++) {
            add(y, yOffset, rows[firstRow + k], offset, length, x[xOffset + k]);
        }
    }

    @Override
    public void scan(float[][] s, int from, int to, float[] decay, float[] u, float[] bc, int b, int c, float[] y) {
        Arrays.fill(y, from, to, 0f);
        int n = 0;
        for (; n + 1 < s.length; n += 2) {
            step(s[n], s[n + 1], y, from, to, decay, u, bc[b + n], bc[c + n], bc[b + n + 1], bc[c + n + 1]);
        }
        if (n < s.length) {
            step(s[n], y, from, to, decay, u, bc[b + n], bc[c + n]);
        }
    }

    private static void add(
            float[] y,
            float[] z,
            int from,
            int to,
            float[] w0,
            float[] w1,
            float[] w2,
            float[] w3,
            float x0,
            float x1,
            float x2,
            float x3,
            float u0,
            float u1,
            float u2,
            float u3) {
        for (int i = from; i < to; i++) {
            float a = w0[i];
            float b = w1[i];
            float c = w2[i];
            float d = w3[i];
            y[i] = y[i] + x0 * a + x1 * b + x2 * c + x3 * d;
            z[i] = z[i] + u0 * a + u1 * b + u2 * c + u3 * d;
        }
    }

    private static void add(
            float[] y,
            int yOffset,
            float[] w0,
            float[] w1,
            float[] w2,
            float[] w3,
            int offset,
            int length,
            float x0,
            float x1,
            float x2,
            float x3) {
        for (int i = 0; i < length; i++) {
            y[yOffset + i] = y[yOffset + i]
                    + x0 * w0[offset + i]
                    + x1 * w1[offset + i]
                    + x2 * w2[offset + i]
                    + x3 * w3[offset + i];
        }
    }

    private static void add(float[] y, int yOffset, float[] w, int offset, int length, float x) {
        for (int i = 0; i < length; i++) {
            y[yOffset + i] = y[yOffset + i] + x * w[offset + i];
        }
    }

    private static void step(
            float[] s0,
            float[] s1,
            float[] y,
            int from,
            int to,
            float[] decay,
            float[] u,
            float b0,
            float c0,
            float b1,
            float c1) {
        for (int i = from; i < to; i++) {
            float a = decay[i];
            float v = u[i];
            float p = s0[i] * a + v * b0;
            float q = s1[i] * a + v * b1;
            s0[i] = p;
            s1[i] = q;
            y[i] = y[i] + p * c0 + q * c1;
        }
    }

    private static void step(float[] s, float[] y, int from, int to, float[] decay, float[] u, float b, float c) {
        for (int i = from; i < to; i++) {
            float p = s[i] * decay[i] + u[i] * b;
            s[i] = p;
            y[i] = y[i] + p * c;
        }
    }
}
