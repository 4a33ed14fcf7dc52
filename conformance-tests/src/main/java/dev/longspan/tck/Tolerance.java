package dev.longspan.tck;

import dev.longspan.spi.Capabilities;
import dev.longspan.spi.Feature;

/**
 * How far a backend may be off, by the arithmetic it declares.
 *
 * @param oracle against the oracle, relative to the row's largest number
 * @param itself against its own results in other splits and batches, relative to the row's largest number
 * @param gap the smallest gap of a choice that it must decide as the oracle does
 */
record Tolerance(double oracle, double itself, double gap) {
    static Tolerance of(Capabilities capabilities) {
        Tolerance tolerance = switch (capabilities.numericMode()) {
            case F32 -> new Tolerance(1e-4, 1e-4, 1e-4);
            case F16 -> new Tolerance(1e-2, 1e-2, 5e-3);
            case BF16 -> new Tolerance(6e-2, 6e-2, 2e-2);
        };
        return capabilities.has(Feature.BATCH_EXACT) ? new Tolerance(tolerance.oracle, 0, tolerance.gap) : tolerance;
    }

    void compare(String what, float[] got, double[] want, double allowed) {
        if (got.length != want.length) {
            throw new AssertionError(what + ": expected " + want.length + " numbers, found " + got.length);
        }
        double largest = 0;
        for (double number : want) {
            largest = Math.max(largest, Math.abs(number));
        }
        for (int i = 0; i < want.length; i++) {
            double difference = Math.abs(got[i] - want[i]);
            if (!(difference <= allowed * largest)) {
                throw new AssertionError(what + ", number " + i + ": expected " + want[i] + " within " + allowed
                        + " of the largest, " + largest + ", found " + got[i]);
            }
        }
    }
}
