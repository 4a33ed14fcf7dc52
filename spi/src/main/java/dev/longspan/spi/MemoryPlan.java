package dev.longspan.spi;

/**
 * An upper bound of what a model will use (rule M2).
 *
 * <p>A state or checkpoint of {@code n} tokens uses at most {@code perSequence + n * perToken}, pages it shares with others
 * counted in full.
 *
 * @param weights what the loaded model holds
 * @param perSequence what one state or checkpoint holds whatever its length: recurrent states and the rounding to pages
 * @param perToken what one token of one state or checkpoint adds: keys and values
 * @param workspace what {@code forward} needs beside these, for the largest work stated in {@link PlanOptions}
 */
public record MemoryPlan(MemorySize weights, MemorySize perSequence, MemorySize perToken, MemorySize workspace) {
    /**
     * {@return the bound for one state or checkpoint}
     *
     * @param tokens its length in tokens, at least 0
     */
    public MemorySize sequence(long tokens) {
        return perSequence.plus(perToken.times(tokens));
    }
}
