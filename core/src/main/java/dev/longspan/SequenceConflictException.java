package dev.longspan;

import dev.longspan.spi.LongspanException;
import java.io.Serial;

/** A session has moved on since the caller looked; nothing was changed. */
public final class SequenceConflictException extends LongspanException {
    @Serial
    private static final long serialVersionUID = 1;

    private final long expected;
    private final long actual;

    /**
     * Makes an exception.
     *
     * @param id the session's id
     * @param expected the sequence that the turn asked for
     * @param actual the sequence that the session has
     */
    public SequenceConflictException(String id, long expected, long actual) {
        super("the session '" + id + "' has moved on: expected sequence " + expected + ", found " + actual);
        this.expected = expected;
        this.actual = actual;
    }

    /** {@return the sequence that the turn asked for} */
    public long expected() {
        return expected;
    }

    /** {@return the sequence that the session has} */
    public long actual() {
        return actual;
    }
}
