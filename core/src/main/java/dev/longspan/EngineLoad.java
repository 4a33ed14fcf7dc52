package dev.longspan;

/**
 * What an engine has to do at one moment.
 *
 * @param running how many answers are computed
 * @param queued how many requests wait
 * @param queuedTokens how many tokens their prompts have in all
 */
public record EngineLoad(int running, int queued, long queuedTokens) {}
