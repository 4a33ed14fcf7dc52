package dev.longspan.tck;

/**
 * The limits of a digest backend.
 *
 * @param maxRuns how many runs a batch may hold, at least 1
 * @param maxBatchTokens how many ids a batch may hold, at least {@code maxRuns}
 * @param memoryLimitBytes the most bytes that weights, states and checkpoints may hold together
 */
public record DigestOptions(int maxRuns, int maxBatchTokens, long memoryLimitBytes) {
    /** {@return 16 runs, 512 ids, and as good as no limit of memory} */
    public static DigestOptions defaults() {
        return new DigestOptions(16, 512, Long.MAX_VALUE);
    }

    /**
     * {@return these options with other limits of a batch}
     *
     * @param runs how many runs a batch may hold
     * @param tokens how many ids a batch may hold
     */
    public DigestOptions withBatch(int runs, int tokens) {
        return new DigestOptions(runs, tokens, memoryLimitBytes);
    }

    /**
     * {@return these options with another limit of memory}
     *
     * @param bytes the most bytes that may be held
     */
    public DigestOptions withMemoryLimit(long bytes) {
        return new DigestOptions(maxRuns, maxBatchTokens, bytes);
    }
}
