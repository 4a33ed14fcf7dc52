package dev.longspan;

import dev.longspan.spi.LongspanException;
import java.io.Serial;

/** An answer could not be finished because computing it failed; other answers are not affected. */
public final class GenerationException extends LongspanException {
    @Serial
    private static final long serialVersionUID = 1;

    /**
     * Makes an exception.
     *
     * @param message what failed
     * @param cause what brought it about
     */
    public GenerationException(String message, Throwable cause) {
        super(message, cause);
    }
}
