package dev.longspan.spi;

/**
 * The sizes of an attention layer.
 *
 * @param queryHeads H, a multiple of {@code keyValueHeads}; query head h reads key/value head h / (H / G)
 * @param keyValueHeads G, at least 1
 * @param headSize D, at least 1
 */
public record AttentionHeads(int queryHeads, int keyValueHeads, int headSize) {
    /** Checks the components. */
    public AttentionHeads {
        if (queryHeads < 1 || keyValueHeads < 1 || headSize < 1 || queryHeads % keyValueHeads != 0) {
            throw new IllegalArgumentException(
                    "expected positive sizes and queryHeads a multiple of keyValueHeads, found queryHeads " + queryHeads
                            + ", keyValueHeads " + keyValueHeads + ", headSize " + headSize);
        }
    }

    /** {@return how many query heads share one key/value head} */
    public int group() {
        return queryHeads / keyValueHeads;
    }
}
