package dev.longspan.spi;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/** The root of every exception that Longspan throws on purpose; its message names the thing at fault. */
public abstract class LongspanException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1;

    /**
     * Makes an exception without a cause.
     *
     * @param message what was wrong, where, what was expected, and what to do
     */
    protected LongspanException(String message) {
        super(message);
    }

    /**
     * Makes an exception with a cause.
     *
     * @param message what was wrong, where, what was expected, and what to do
     * @param cause what brought it about, or null
     */
    protected LongspanException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
