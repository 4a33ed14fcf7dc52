package dev.longspan;

import dev.longspan.spi.LongspanException;
import java.io.Serial;

/** The thread that read a stream or waited for an answer was interrupted; its interrupt flag is set again. */
public final class StreamInterruptedException extends LongspanException {
    @Serial
    private static final long serialVersionUID = 1;

    /** Makes an exception. */
    public StreamInterruptedException() {
        super("the thread was interrupted while it waited for the model's answer; the answer was cancelled");
    }
}
