package dev.longspan.spi;

/**
 * The largest work that a caller will ask for, by which a backend sizes its workspace.
 *
 * @param maxRuns the most runs in a batch, at least 1
 * @param maxBatchTokens the most token ids in a batch, at least 1
 * @param maxContextTokens the longest a sequence becomes, in tokens, at least 1
 * @param maxLogitsRows the most rows of logits asked for in a batch, at least 1
 */
public record PlanOptions(int maxRuns, int maxBatchTokens, int maxContextTokens, int maxLogitsRows) {
    /** Checks the components. */
    public PlanOptions {
        if (maxRuns < 1 || maxBatchTokens < 1 || maxContextTokens < 1 || maxLogitsRows < 1) {
            throw new IllegalArgumentException(
                    "expected at least 1 each, found maxRuns " + maxRuns + ", maxBatchTokens " + maxBatchTokens
                            + ", maxContextTokens " + maxContextTokens + ", maxLogitsRows " + maxLogitsRows);
        }
    }

    /**
     * Options for batches that may ask for logits at every token.
     *
     * @param maxRuns the most runs in a batch, at least 1
     * @param maxBatchTokens the most token ids in a batch, at least 1
     * @param maxContextTokens the longest a sequence becomes, in tokens, at least 1
     */
    public PlanOptions(int maxRuns, int maxBatchTokens, int maxContextTokens) {
        this(maxRuns, maxBatchTokens, maxContextTokens, maxBatchTokens);
    }
}
