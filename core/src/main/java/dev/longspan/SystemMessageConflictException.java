package dev.longspan;

import java.io.Serial;

/** A session was given another system message than the one that it has already read. */
public final class SystemMessageConflictException extends InvalidRequestException {
    @Serial
    private static final long serialVersionUID = 1;

    /**
     * Makes an exception.
     *
     * @param field the message at fault, such as {@code messages[0]}
     */
    public SystemMessageConflictException(String field) {
        super(field, "expected no other system message than the session begins with, found one");
    }
}
