package dev.longspan.tck;

import dev.longspan.spi.Capabilities;
import dev.longspan.spi.Feature;

/**
 * How far a backend may be off, by the arithmetic it declares.
 *
 * @param oracle against the oracle, relative to the row's largest number
 * @param itself against its own results in other splits and batches, relative to the row's largest number
 * @param gap the smallest gap of a choice that it must decide as the oracle does
 * @param rounding by how much of itself a number may be off for being rounded a few times
 */
record Tolerance(double oracle, double itself, double gap, double rounding) {
    static Tolerance of(Capabilities capabilities) {
        Tolerance tolerance = switch (capabilities.numericMode()) {
            case F32 -> new Tolerance(1e-4, 1e-4, 1e-4, 0x1p-22);
            case F16 -> new Tolerance(1e-2, 1e-2, 5e-3, 0x1p-10);
            case BF16 -> new Tolerance(6e-2, 6e-2, 2e-2, 0x1p-7);
        };
        return capabilities.has(Feature.BATCH_EXACT)
                ? new Tolerance(tolerance.oracle, 0, tolerance.gap, tolerance.rounding)
                : tolerance;
    }

    /** The same where every choice must be the oracle's. */
    Tolerance withoutGap() {
        return new Tolerance(oracle, itself, 0, rounding);
    }

    /** That one of two which allows more. */
    Tolerance coarser(Tolerance other) {
        return other.oracle > oracle ? other : this;
    }

    /** Whether rounding is finer than that of any 16 bits. */
    boolean isFine() {
        return rounding < 0x1p-16;
    }

    /** Whether numbers are near enough. */
    boolean agree(float[] got, double[] want, double allowed) {
        return got.length == want.length && firstOff(got, want, allowed * largest(want)) < 0;
    }

    void compare(String what, float[] got, double[] want, double allowed) {
        if (got.length != want.length) {
            throw new AssertionError(what + ": expected " + want.length + " numbers, found " + got.length);
        }
        double largest = largest(want);
        int off = firstOff(got, want, allowed * largest);
        if (off >= 0) {
            throw new AssertionError(what + ", number " + off + ": expected " + want[off] + " within " + allowed
                    + " of the largest, " + largest + ", found " + got[off]);
        }
    }

    /** How far numbers are off, relative to the largest. */
    static double distance(double[] got, double[] want) {
        double farthest = 0;
        for (int i = 0; i < want.length; i++) {
            farthest = Math.max(farthest, Math.abs(got[i] - want[i]));
        }
        return farthest / Math.max(largest(want), Double.MIN_NORMAL);
    }

    private static double largest(double[] numbers) {
        double largest = 0;
        for (double number : numbers) {
            largest = Math.max(largest, Math.abs(number));
        }
        return largest;
    }

    /** The first number that is too far off, or is none; -1 if there is none such. */
    private static int firstOff(float[] got, double[] want, double allowed) {
        for (int i = 0; i < want.length; i++) {
            if (!(Math.abs(got[i] - want[i]) <= allowed)) {
                return i;
            }
        }
        return -1;
    }
}
