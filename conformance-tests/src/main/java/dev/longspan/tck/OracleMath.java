package dev.longspan.tck;

/** The small functions of the network in float64, straight from their definitions. */
public final class OracleMath {
    private OracleMath() {}

    /**
     * {@return {@code x · rsqrt(mean(x²) + epsilon) · weight}, the mean taken within each of {@code groups} equal parts}
     *
     * @param x the vector
     * @param weight as long as {@code x}
     * @param groups into how many parts the vector is divided; 1 for the plain RMSNorm
     * @param epsilon above 0
     */
    public static double[] rmsNorm(double[] x, double[] weight, int groups, double epsilon) {
        double[] y = new double[x.length];
        int size = x.length / groups;
        for (int g = 0; g < groups; g++) {
            double sum = 0;
            for (int i = g * size; i < (g + 1) * size; i++) {
                sum += x[i] * x[i];
            }
            double scale = 1 / Math.sqrt(sum / size + epsilon);
            for (int i = g * size; i < (g + 1) * size; i++) {
                y[i] = x[i] * scale * weight[i];
            }
        }
        return y;
    }

    /**
     * {@return the product of a matrix [rows, x.length], row by row, and a vector}
     *
     * @param matrix its numbers; as many rows as its length gives
     * @param x the vector
     */
    public static double[] times(double[] matrix, double[] x) {
        double[] y = new double[matrix.length / x.length];
        int size = x.length;
        int row = 0;
        for (; row + 4 <= y.length; row += 4) { // four sums at a time: each addition waits for the one before it
            int at = row * size;
            double first = 0;
            double second = 0;
            double third = 0;
            double fourth = 0;
            for (int c = 0; c < size; c++, at++) {
                first += matrix[at] * x[c];
                second += matrix[at + size] * x[c];
                third += matrix[at + 2 * size] * x[c];
                fourth += matrix[at + 3 * size] * x[c];
            }
            y[row] = first;
            y[row + 1] = second;
            y[row + 2] = third;
            y[row + 3] = fourth;
        }
        for (; row < y.length; row++) {
            y[row] = dot(matrix, row * size, x, 0, size);
        }
        return y;
    }

    /**
     * {@return {@code down(relu(up(x))²)}}
     *
     * @param up [inner, hidden]
     * @param down [hidden, inner]
     * @param x [hidden]
     */
    public static double[] mlp(double[] up, double[] down, double[] x) {
        double[] inner = times(up, x);
        for (int i = 0; i < inner.length; i++) {
            double positive = Math.max(0, inner[i]);
            inner[i] = positive * positive;
        }
        return times(down, inner);
    }

    /**
     * {@return {@code x / (1 + exp(−x))}}
     *
     * @param x a number
     */
    public static double silu(double x) {
        return x / (1 + Math.exp(-x));
    }

    /**
     * {@return {@code log(1 + exp(x))}}
     *
     * @param x a number
     */
    public static double softplus(double x) {
        return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    }

    /**
     * {@return the exponentials divided by their sum; empty for no scores}
     *
     * @param scores the exponents
     */
    public static double[] softmax(double[] scores) {
        double largest = Double.NEGATIVE_INFINITY;
        for (double score : scores) {
            largest = Math.max(largest, score);
        }
        double[] weights = new double[scores.length];
        double sum = 0;
        for (int i = 0; i < scores.length; i++) {
            weights[i] = Math.exp(scores[i] - largest);
            sum += weights[i];
        }
        for (int i = 0; i < scores.length; i++) {
            weights[i] /= sum;
        }
        return weights;
    }

    static double dot(double[] a, int fromA, double[] b, int fromB, int size) {
        double sum = 0;
        for (int i = 0; i < size; i++) {
            sum += a[fromA + i] * b[fromB + i];
        }
        return sum;
    }

    /** Indices by falling score, the lower first among equals. */
    static int[] descending(double[] scores) {
        int[] order = new int[scores.length];
        for (int i = 0; i < order.length; i++) {
            int at = i;
            while (at > 0 && scores[i] > scores[order[at - 1]]) {
                order[at] = order[at - 1];
                at--;
            }
            order[at] = i;
        }
        return order;
    }
}
