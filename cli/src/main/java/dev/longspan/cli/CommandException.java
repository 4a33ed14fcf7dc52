package dev.longspan.cli;

import java.io.Serial;

/** A command in the conversation cannot be followed as it was given; nothing has changed. */
final class CommandException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1;

    CommandException(String message) {
        super(message);
    }

    CommandException(String message, Throwable cause) {
        super(message, cause);
    }
}
