package dev.longspan.spi;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/** A backend could not do what it was asked for. */
public class BackendException extends LongspanException {
    @Serial
    private static final long serialVersionUID = 1;

    /**
     * Makes an exception without a cause.
     *
     * @param message what failed, and what to do
     */
    public BackendException(String message) {
        super(message);
    }

    /**
     * Makes an exception with a cause.
     *
     * @param message what failed, and what to do
     * @param cause what brought it about, or null
     */
    public BackendException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
