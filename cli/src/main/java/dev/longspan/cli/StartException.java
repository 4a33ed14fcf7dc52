package dev.longspan.cli;

import java.io.Serial;

/** The command cannot begin: an option, the model or the backend is at fault. */
final class StartException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1;

    StartException(String message) {
        super(message);
    }

    StartException(String message, Throwable cause) {
        super(message, cause);
    }
}
