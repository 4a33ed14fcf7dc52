package dev.longspan.spi;

/**
 * What a backend holds at this moment, and how much there is.
 *
 * @param used what models, states, checkpoints and workspace hold
 * @param limit the most it can hold; a component is {@link Long#MAX_VALUE} where no limit is known
 */
public record MemoryUse(MemorySize used, MemorySize limit) {}
