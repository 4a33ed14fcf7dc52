package dev.longspan.spi;

/** Attention over a part of the keys: normalised outputs and the natural logarithm of the sum of exponentials. */
public final class PartialAttention {
    private final float[] output;
    private final float[] logSumExp;

    /**
     * Takes the two arrays as they are, without a copy.
     *
     * @param output the outputs, D numbers for each element of {@code logSumExp}
     * @param logSumExp the logarithms; −∞ where there was no key
     */
    public PartialAttention(float[] output, float[] logSumExp) {
        this.output = output;
        this.logSumExp = logSumExp;
    }

    /** {@return the outputs, not a copy} */
    public float[] output() {
        return output;
    }

    /** {@return the logarithms, not a copy; −∞ where there was no key} */
    public float[] logSumExp() {
        return logSumExp;
    }
}
