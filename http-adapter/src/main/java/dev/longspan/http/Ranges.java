package dev.longspan.http;

import dev.longspan.InvalidRequestException;
import java.time.Duration;

/** What settings may be. */
final class Ranges {
    private Ranges() {}

    static int atLeast(String name, int least, int value) {
        if (value < least) {
            throw new InvalidRequestException(name, "expected at least " + least + ", found " + value);
        }
        return value;
    }

    static Duration positive(String name, Duration time) {
        if (time.isNegative() || time.isZero()) {
            throw new InvalidRequestException(name, "expected a time above zero, found " + time);
        }
        return time;
    }

    static Duration notNegative(String name, Duration time) {
        if (time.isNegative()) {
            throw new InvalidRequestException(name, "expected no negative time, found " + time);
        }
        return time;
    }
}
