package dev.longspan.engine;

import dev.longspan.FlushPolicy;

/**
 * A checked request, ready to run.
 *
 * @param prompt the ids of the prompt, at least one
 * @param startsThinking whether the prompt has opened a thinking block
 * @param maxTokens how many tokens the answer may have, cut to the room there is
 * @param temperature the sampling temperature, 0 for greedy
 * @param seed the seed of the sampling
 * @param flushPolicy how text is gathered
 */
@SuppressWarnings("ArrayRecordComponent") // lives inside this package, and the array is never written to
public record GenerationSpec(
        int[] prompt, boolean startsThinking, int maxTokens, double temperature, long seed, FlushPolicy flushPolicy) {}
