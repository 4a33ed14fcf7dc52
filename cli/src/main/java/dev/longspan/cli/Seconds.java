package dev.longspan.cli;

import java.time.Duration;

/** Times that options tell as whole seconds. */
final class Seconds {
    private Seconds() {}

    /**
     * {@return the time}
     *
     * @throws StartException if it is less than the least
     */
    static Duration atLeast(int least, String option, int given) {
        if (given < least) {
            throw new StartException(option + ": expected at least " + least + " s, found " + given);
        }
        return Duration.ofSeconds(given);
    }
}
