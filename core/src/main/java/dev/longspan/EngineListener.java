package dev.longspan;

import dev.longspan.spi.LongspanException;
import java.time.Duration;

/**
 * Is told what an engine does, for metrics. All methods do nothing by default.
 *
 * <p>{@link #requestQueued} and {@link #requestRefused} are called on the thread that asks, all others on the engine's own: they
 * must be quick and must not call the engine. What they throw is logged and changes nothing.
 */
public interface EngineListener {
    /**
     * A request was taken, and waits.
     *
     * @param promptTokens how many tokens its prompt has
     */
    default void requestQueued(int promptTokens) {}

    /**
     * A request was refused, before anything was done for it.
     *
     * @param reason why
     */
    default void requestRefused(LongspanException reason) {}

    /**
     * A request is no longer waiting; its prompt is read next.
     *
     * @param queued how long it waited
     */
    default void requestStarted(Duration queued) {}

    /**
     * A batch was computed.
     *
     * @param runs how many answers took part
     * @param tokens how many tokens were read in all
     * @param duration how long the backend took
     */
    default void stepComputed(int runs, int tokens, Duration duration) {}

    /**
     * An answer has ended, cancelled ones included.
     *
     * @param reason why
     * @param usage how many tokens it took
     * @param timing how long it took
     */
    default void requestCompleted(FinishReason reason, TokenUsage usage, Timing timing) {}

    /**
     * An answer has failed.
     *
     * @param error why
     * @param usage how many tokens it took until then
     */
    default void requestFailed(LongspanException error, TokenUsage usage) {}
}
