package dev.longspan.http;

import dev.longspan.InvalidRequestException;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/** What settings may be. */
final class Ranges {
    private static final String NAME = "(\\[[0-9a-f:.]+]|[a-z0-9._-]+)";
    private static final Pattern HOST = Pattern.compile(NAME);
    private static final Pattern ORIGIN = Pattern.compile("\\*|[a-z][a-z0-9+.-]*://" + NAME + "(:\\d{1,5})?");

    private static final Set<String> LOOPBACK = Set.of("127.0.0.1", "localhost", "::1", "[::1]");

    static final int SHORTEST_KEY = 8;
    private static final Duration LONGEST = Duration.ofDays(36_500);

    private Ranges() {}

    /** Refuses an address that other machines reach. */
    static void requireLoopback(String name, String address) {
        if (!LOOPBACK.contains(address)) {
            throw new InvalidRequestException(
                    name,
                    "expected a key for an address that others reach, or that it is said to be unprotected, found '"
                            + address + "' without either");
        }
    }

    static String notBlank(String name, String value) {
        if (value.isBlank()) {
            throw new InvalidRequestException(name, "expected a name, found '" + value + "'");
        }
        return value;
    }

    /** {@return an origin as browsers send it, in lower case} */
    static String origin(String name, String value) {
        String lower = value.toLowerCase(Locale.ROOT);
        if (!ORIGIN.matcher(lower).matches()) {
            throw new InvalidRequestException(
                    name, "expected scheme://host[:port], with nothing behind it, or *, found '" + value + "'");
        }
        return lower;
    }

    /** {@return a host's name in lower case} */
    static String host(String name, String value) {
        String lower = value.toLowerCase(Locale.ROOT);
        if (!HOST.matcher(lower).matches()) {
            throw new InvalidRequestException(
                    name, "expected a host's name or address, without scheme and port, found '" + value + "'");
        }
        return lower;
    }

    /** Refuses a key that is easily guessed, or that clients cannot send. */
    static String key(String name, String value) {
        if (value.length() < SHORTEST_KEY) {
            throw new InvalidRequestException(
                    name, "expected at least " + SHORTEST_KEY + " characters, found " + value.length());
        } else if (!isPlain(value)) {
            throw new InvalidRequestException(name, "expected printable ASCII characters, found another one");
        }
        return value;
    }

    /** {@return whether a text arrives as it is in a header} */
    static boolean isPlain(String text) {
        return text.chars().allMatch(c -> c >= ' ' && c <= '~');
    }

    static int atLeast(String name, int least, int value) {
        if (value < least) {
            throw new InvalidRequestException(name, "expected at least " + least + ", found " + value);
        }
        return value;
    }

    static int atMost(String name, int most, int value) {
        if (value > most) {
            throw new InvalidRequestException(name, "expected at most " + most + ", found " + value);
        }
        return value;
    }

    static Duration positive(String name, Duration time) {
        if (time.isNegative() || time.isZero()) {
            throw new InvalidRequestException(name, "expected a time above zero, found " + time);
        }
        return bounded(time);
    }

    static Duration notNegative(String name, Duration time) {
        if (time.isNegative()) {
            throw new InvalidRequestException(name, "expected no negative time, found " + time);
        }
        return bounded(time);
    }

    /** {@return a time that can be counted in nanoseconds} A longer one is as good as without end. */
    static Duration bounded(Duration time) {
        return time.compareTo(LONGEST) > 0 ? LONGEST : time;
    }
}
