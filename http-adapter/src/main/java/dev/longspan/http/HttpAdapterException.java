package dev.longspan.http;

import dev.longspan.spi.LongspanException;
import java.io.Serial;

/** A server that cannot be started, such as at an address that is taken, or that did not stop in order. */
public final class HttpAdapterException extends LongspanException {
    @Serial
    private static final long serialVersionUID = 1;

    /**
     * Makes an exception.
     *
     * @param message what was wrong
     * @param cause why
     */
    public HttpAdapterException(String message, Throwable cause) {
        super(message, cause);
    }
}
