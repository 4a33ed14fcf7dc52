package dev.longspan;

import java.time.Duration;

/**
 * How text is gathered before it is handed out. The first token always goes out at once; the policy never changes the text.
 *
 * @param tokens hand out after so many tokens, at least 1
 * @param delay hand out after so much time, not negative
 */
public record FlushPolicy(int tokens, Duration delay) {
    /** 8 tokens or 50 ms. */
    public static final FlushPolicy DEFAULT = new FlushPolicy(8, Duration.ofMillis(50));

    /** Every token as soon as it is there. */
    public static final FlushPolicy EVERY_TOKEN = new FlushPolicy(1, Duration.ZERO);

    /** Checks the components. */
    public FlushPolicy {
        if (tokens < 1) {
            throw new InvalidRequestException("flushPolicy.tokens", "expected at least 1, found " + tokens);
        }
        if (delay.isNegative()) {
            throw new InvalidRequestException("flushPolicy.delay", "expected no negative time, found " + delay);
        }
    }
}
