package dev.longspan.benchmarks;

/**
 * 65 536 equally likely values of the standard normal distribution: value i is its quantile at (i + ½) / 65 536.
 *
 * <p>Sixteen random bits choose one, which makes four numbers of a random long: fast enough to write gigabytes of weights.
 */
final class NormalTable {
    static final int SIZE = 1 << 16;

    private static final int STEPS_PER_VALUE = 16;
    private static final double DENSITY_AT_0 = 1 / Math.sqrt(2 * Math.PI);

    private final double[] quantiles = new double[SIZE];

    /** Follows dx/dp = 1/density(x) from the median outwards (Runge-Kutta, fourth order); the table is symmetric. */
    NormalTable() {
        double x = advance(0, 0.5 / SIZE);
        for (int i = 0; i < SIZE / 2; i++) {
            quantiles[SIZE / 2 + i] = x;
            quantiles[SIZE / 2 - 1 - i] = -x;
            if (i + 1 < SIZE / 2) {
                x = advance(x, 1.0 / SIZE);
            }
        }
    }

    /** {@return a value of the standard normal distribution} */
    double quantile(int index) {
        return quantiles[index];
    }

    private static double advance(double from, double probability) {
        double x = from;
        double h = probability / STEPS_PER_VALUE;
        for (int i = 0; i < STEPS_PER_VALUE; i++) {
            double a = slope(x);
            double b = slope(x + h / 2 * a);
            double c = slope(x + h / 2 * b);
            double d = slope(x + h * c);
            x += h / 6 * (a + 2 * b + 2 * c + d);
        }
        return x;
    }

    private static double slope(double x) {
        return Math.exp(x * x / 2) / DENSITY_AT_0;
    }
}
