package dev.longspan;

import dev.longspan.spi.LongspanException;
import java.io.Serial;
import java.time.Duration;

/** The engine has as many requests as it takes; nothing was changed, and the request may be repeated later. */
public final class EngineOverloadedException extends LongspanException {
    @Serial
    private static final long serialVersionUID = 1;

    private final Duration retryAfter;

    /**
     * Makes an exception.
     *
     * @param limit what is exhausted, with its number
     * @param retryAfter when it is worth to try again
     */
    public EngineOverloadedException(String limit, Duration retryAfter) {
        super("the engine is busy: " + limit + "; try again in " + retryAfter.toMillis() + " ms");
        this.retryAfter = retryAfter;
    }

    /** {@return when it is worth to try again} */
    public Duration retryAfter() {
        return retryAfter;
    }
}
