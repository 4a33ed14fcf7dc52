package dev.longspan.engine;

import java.time.Duration;

/** When it is worth to try again after a refusal: about the time until the next answer ends, from those that ended lately. */
final class RetryHint {
    private static final double LEAST_SECONDS = 0.1;
    private static final double MOST_SECONDS = 60;
    private static final double UNKNOWN_SECONDS = 1;
    /** The weight of the newest answer in the running mean. */
    private static final double NEWEST = 0.2;

    private final int maxRunning;
    private volatile double meanSeconds;

    RetryHint(int maxRunning) {
        this.maxRunning = maxRunning;
    }

    /** Is told how long an answer has run. */
    void ended(Duration running) {
        double seconds = running.toNanos() / 1e9;
        meanSeconds = meanSeconds == 0 ? seconds : NEWEST * seconds + (1 - NEWEST) * meanSeconds;
    }

    Duration duration() {
        double seconds = meanSeconds == 0 ? UNKNOWN_SECONDS : meanSeconds / maxRunning;
        return Duration.ofMillis((long) (1000 * Math.min(MOST_SECONDS, Math.max(LEAST_SECONDS, seconds))));
    }
}
