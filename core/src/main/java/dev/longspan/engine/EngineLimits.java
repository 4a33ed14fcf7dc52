package dev.longspan.engine;

import java.time.Duration;

/**
 * How much an engine does at once.
 *
 * @param maxRunning how many answers are computed side by side
 * @param maxQueued how many more requests may wait
 * @param maxQueuedTokens how many tokens the prompts of those that wait may have in all
 * @param prefillChunk how many tokens of prompts one step reads at most
 * @param readerPatience for how long a full stream may stay unread
 */
public record EngineLimits(
        int maxRunning, int maxQueued, long maxQueuedTokens, int prefillChunk, Duration readerPatience) {}
