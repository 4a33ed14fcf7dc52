package dev.longspan;

import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/**
 * How a session is opened.
 *
 * @param id the session's id, {@code [A-Za-z0-9][A-Za-z0-9._-]} with at most 128 characters; empty: one is made
 * @param maxTokens how many tokens the conversation may have, at least 2; empty: as many as the engine takes
 */
public record SessionOptions(Optional<String> id, OptionalInt maxTokens) {
    /** An id that is made, and the engine's own limit. */
    public static final SessionOptions DEFAULT = new SessionOptions(Optional.empty(), OptionalInt.empty());

    private static final Pattern ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");

    /** Checks the components. */
    public SessionOptions {
        Objects.requireNonNull(id, "id");
        if (id.isPresent() && !ID.matcher(id.get()).matches()) {
            throw new InvalidRequestException("id", "expected " + ID.pattern() + ", found '" + id.get() + "'");
        }
        if (maxTokens.isPresent() && maxTokens.getAsInt() < 2) {
            throw new InvalidRequestException("maxTokens", "expected at least 2, found " + maxTokens.getAsInt());
        }
    }

    /**
     * {@return these options with another id}
     *
     * @param id the session's id
     */
    public SessionOptions withId(String id) {
        return new SessionOptions(Optional.of(id), maxTokens);
    }

    /**
     * {@return these options with another limit}
     *
     * @param tokens how many tokens the conversation may have
     */
    public SessionOptions withMaxTokens(int tokens) {
        return new SessionOptions(id, OptionalInt.of(tokens));
    }
}
