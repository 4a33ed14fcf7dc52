package dev.longspan.engine;

/** Steele, Lea and Flood's SplitMix64: our own, so that a seed means the same on every JVM. */
final class SplitMix64 {
    private static final long GAMMA = 0x9E3779B97F4A7C15L;
    private static final double UNIT = 0x1.0p-53;

    private long state;

    SplitMix64(long seed) {
        state = seed;
    }

    /** {@return the next 64 bits} */
    long nextLong() {
        state += GAMMA;
        long z = state;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    /** {@return the next number from 0 (inclusive) to 1 (exclusive): the upper 53 bits} */
    double nextDouble() {
        return (nextLong() >>> 11) * UNIT;
    }
}
