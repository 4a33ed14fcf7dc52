package dev.longspan.engine;

/**
 * How many tokens of prompts one step may read: no more than the setting, and no more than the measured rate does in a
 * quarter of a second, so that running answers and cancellations do not wait; at least 16.
 */
final class PrefillPace {
    private static final int LEAST = 16;
    private static final double STEP_SECONDS = 0.25;
    /** The weight of the newest measurement in the running mean. */
    private static final double NEWEST = 0.5;

    private final int setting;
    private double tokensPerSecond;

    PrefillPace(int setting) {
        this.setting = setting;
    }

    int tokens() {
        if (tokensPerSecond == 0) {
            return Math.min(setting, 4 * LEAST);
        }
        return (int) Math.min(setting, Math.max(LEAST, tokensPerSecond * STEP_SECONDS));
    }

    /** Takes the measurement of a step that read a prompt. */
    void measured(int tokens, long nanos) {
        double rate = tokens * 1e9 / Math.max(1, nanos);
        tokensPerSecond = tokensPerSecond == 0 ? rate : NEWEST * rate + (1 - NEWEST) * tokensPerSecond;
    }
}
