package dev.longspan;

import dev.longspan.spi.LongspanException;
import java.io.Serial;

/** A stream was not read for so long that its answer was given up. */
public final class ReaderTooSlowException extends LongspanException {
    @Serial
    private static final long serialVersionUID = 1;

    /**
     * Makes an exception.
     *
     * @param seconds for how long nothing was read
     */
    public ReaderTooSlowException(long seconds) {
        super("the stream was not read for " + seconds + " s, so its answer was given up: read it, or close it");
    }
}
