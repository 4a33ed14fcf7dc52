package dev.longspan;

import dev.longspan.spi.LongspanException;
import java.io.Serial;

/** The session is closed. */
public final class SessionClosedException extends LongspanException {
    @Serial
    private static final long serialVersionUID = 1;

    private final String id;

    /**
     * Makes an exception.
     *
     * @param id the session's id
     */
    public SessionClosedException(String id) {
        super("the session '" + id + "' is closed");
        this.id = id;
    }

    /** {@return the session's id} */
    public String id() {
        return id;
    }
}
