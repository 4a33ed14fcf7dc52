package dev.longspan.spi;

import java.util.Set;

/**
 * What a backend can do, the same for as long as it is open.
 *
 * @param numericMode the arithmetic it computes in
 * @param maxRuns how many runs one {@link Batch} may hold, at least 1
 * @param maxBatchTokens how many token ids one {@link Batch} may hold in all, at least {@code maxRuns}
 * @param features what it offers beyond the required
 */
public record Capabilities(NumericMode numericMode, int maxRuns, int maxBatchTokens, Set<Feature> features) {
    /** Checks and copies the components. */
    public Capabilities {
        if (maxRuns < 1 || maxBatchTokens < maxRuns) {
            throw new IllegalArgumentException("expected 1 <= maxRuns <= maxBatchTokens, found maxRuns " + maxRuns
                    + ", maxBatchTokens " + maxBatchTokens);
        }
        features = Set.copyOf(features);
    }

    /**
     * {@return whether a feature is offered}
     *
     * @param feature the feature asked for
     */
    public boolean has(Feature feature) {
        return features.contains(feature);
    }
}
