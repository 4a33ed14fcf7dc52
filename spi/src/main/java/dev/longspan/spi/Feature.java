package dev.longspan.spi;

/** What a backend may or may not offer; see {@link Capabilities#features}. */
public enum Feature {
    /** Splits, batches and steps give the same bits (rules B1 and B2 with tolerance 0). */
    BATCH_EXACT,
    /** {@link Checkpoint#write} and {@link LanguageModel#readCheckpoint} work. */
    CHECKPOINT_TRANSFER,
    /** {@link Backend#attention} works. */
    ATTENTION_KERNELS
}
