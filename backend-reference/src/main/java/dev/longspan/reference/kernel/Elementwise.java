package dev.longspan.reference.kernel;

/** Loops over single elements: everything but the sums of products. */
public final class Elementwise {
    private Elementwise() {}

    /** Adds products: {@code y[offset + i] += a[offset + i] · b[bOffset + i]}. */
    public static void multiplyAdd(float[] y, float[] a, int offset, float[] b, int bOffset, int length) {
        for (int i = 0; i < length; i++) {
            y[offset + i] = y[offset + i] + a[offset + i] * b[bOffset + i];
        }
    }

    /** Adds a multiple of a row: {@code y[i] += factor · x[i]}. */
    public static void addScaled(float[] y, float[] x, float factor, int length) {
        for (int i = 0; i < length; i++) {
            y[i] = y[i] + factor * x[i];
        }
    }

    /** Adds a row: {@code y[i] += x[i]}. */
    public static void add(float[] y, float[] x, int length) {
        for (int i = 0; i < length; i++) {
            y[i] = y[i] + x[i];
        }
    }

    /** Squares what is positive and zeroes the rest. */
    public static void reluSquared(float[] y, int from, int to) {
        for (int i = from; i < to; i++) {
            float positive = Math.max(y[i], 0f);
            y[i] = positive * positive;
        }
    }

    /** {@code target[i] = x[i] · scale · weight[i]}. */
    public static void scale(float[] x, float scale, float[] weight, float[] target, int from, int to) {
        for (int i = from; i < to; i++) {
            target[i] = x[i] * scale * weight[i];
        }
    }

    /** {@return the reciprocal root of the mean square, the sum taken in double} */
    public static float inverseRootMeanSquare(float[] x, int from, int to, double epsilon) {
        double sum = 0;
        for (int i = from; i < to; i++) {
            sum += (double) x[i] * x[i];
        }
        return (float) (1 / Math.sqrt(sum / (to - from) + epsilon));
    }

    /** {@return x / (1 + exp(−x))} */
    public static float silu(float x) {
        return x / (1 + (float) Math.exp(-x));
    }

    /** {@return 1 / (1 + exp(−x))} */
    public static float sigmoid(float x) {
        return 1 / (1 + (float) Math.exp(-x));
    }

    /** {@return log(1 + exp(x)), for large x without overflow} */
    public static float softplus(float x) {
        return (float) (Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs((double) x))));
    }

    /** Writes the sum of a row and a bias, through the SiLU. */
    public static void biasSilu(float[] y, float[] bias, int from, int length) {
        for (int i = from; i < from + length; i++) {
            y[i] = silu(y[i] + bias[i]);
        }
    }

    /** {@return whether every element is a finite number} */
    public static boolean allFinite(float[] x, int length) {
        float sum = 0;
        for (int i = 0; i < length; i++) {
            sum += x[i] * 0f;
        }
        return sum == 0f;
    }

    /** {@return the index of the largest element, the lowest among equals} */
    public static int argMax(float[] x, int length) {
        int best = 0;
        for (int i = 1; i < length; i++) {
            if (x[i] > x[best]) {
                best = i;
            }
        }
        return best;
    }
}
