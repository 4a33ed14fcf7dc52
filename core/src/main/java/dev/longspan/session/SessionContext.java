package dev.longspan.session;

import dev.longspan.engine.GenerationPlanner;
import dev.longspan.engine.PrefixCache;
import dev.longspan.engine.Scheduler;
import dev.longspan.prompt.PromptRenderer;
import java.time.Clock;

/**
 * What all sessions of an engine share.
 *
 * @param scheduler computes their turns
 * @param planner checks their requests
 * @param renderer makes ids of their histories
 * @param prefixes checkpoints of prompts without sessions, for the engine's thread
 * @param maxContextTokens how many tokens a session may have at most
 * @param parking where idle sessions can be parked
 * @param clock tells when a session is opened
 */
public record SessionContext(
        Scheduler scheduler,
        GenerationPlanner planner,
        PromptRenderer renderer,
        PrefixCache prefixes,
        int maxContextTokens,
        Parking parking,
        Clock clock) {
    /** What a template may write behind an answer that has used up the limit: so many more tokens a history may have. */
    public static final int CLOSING_TOKENS = 64;
}
