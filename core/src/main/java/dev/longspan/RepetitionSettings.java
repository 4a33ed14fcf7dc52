package dev.longspan;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * When an answer counts as repeating itself; see {@link RepetitionDetector}.
 *
 * @param enabled whether it is looked for
 * @param tailLength how many of the last tokens are looked at, at least 1
 * @param checkEvery after how many tokens it is looked for again, at least 1
 * @param minGeneratedTokens from how many tokens on it is looked for, at least 0
 * @param minRepeats how many equal blocks make a repetition, at least 2
 * @param maxPeriod the longest block, in tokens, at least 1
 * @param minUniqueTokens how many different tokens a block must hold, at least 1
 */
public record RepetitionSettings(
        boolean enabled,
        int tailLength,
        int checkEvery,
        int minGeneratedTokens,
        int minRepeats,
        int maxPeriod,
        int minUniqueTokens) {
    /** On; 1024, 32, 256, 3, 512, 5. */
    public static final RepetitionSettings DEFAULT = new RepetitionSettings(true, 1024, 32, 256, 3, 512, 5);

    private static final String FIELD = "repetition";

    /** Checks the components. */
    public RepetitionSettings {
        atLeast(1, "tail_len", tailLength);
        atLeast(1, "check_every", checkEvery);
        atLeast(0, "min_generated_tokens", minGeneratedTokens);
        atLeast(2, "min_repeats", minRepeats);
        atLeast(1, "max_period", maxPeriod);
        atLeast(1, "min_unique_tokens", minUniqueTokens);
    }

    /**
     * {@return these settings with some replaced}
     *
     * @param overrides by name: {@code enabled} (a Boolean), {@code tail_len}, {@code check_every},
     *     {@code min_generated_tokens}, {@code min_repeats}, {@code max_period}, {@code min_unique_tokens} (Integers)
     * @throws InvalidRequestException for an unknown name, a value of another type, or one out of its range
     */
    public RepetitionSettings with(Map<String, ? extends @Nullable Object> overrides) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("enabled", enabled);
        values.put("tail_len", tailLength);
        values.put("check_every", checkEvery);
        values.put("min_generated_tokens", minGeneratedTokens);
        values.put("min_repeats", minRepeats);
        values.put("max_period", maxPeriod);
        values.put("min_unique_tokens", minUniqueTokens);
        overrides.forEach((name, value) -> {
            Object old = values.get(name);
            if (old == null) {
                throw new InvalidRequestException(FIELD + "." + name, "unknown setting; known are " + values.keySet());
            }
            if (value == null || value.getClass() != old.getClass()) {
                throw new InvalidRequestException(
                        FIELD + "." + name,
                        "expected " + (old instanceof Boolean ? "true or false" : "an integer") + ", found "
                                + (value instanceof String ? "\"" + value + "\"" : value));
            }
            values.put(name, value);
        });
        return new RepetitionSettings(
                (Boolean) of(values, "enabled"),
                (Integer) of(values, "tail_len"),
                (Integer) of(values, "check_every"),
                (Integer) of(values, "min_generated_tokens"),
                (Integer) of(values, "min_repeats"),
                (Integer) of(values, "max_period"),
                (Integer) of(values, "min_unique_tokens"));
    }

    private static Object of(Map<String, Object> values, String name) {
        Object value = values.get(name);
        if (value == null) {
            throw new IllegalStateException(name);
        }
        return value;
    }

    private static void atLeast(int least, String name, int value) {
        if (value < least) {
            throw new InvalidRequestException(FIELD + "." + name, "expected at least " + least + ", found " + value);
        }
    }
}
