package dev.longspan;

import dev.longspan.spi.LongspanException;
import java.io.Serial;

/** Another turn of the session runs; nothing was changed. */
public final class SessionBusyException extends LongspanException {
    @Serial
    private static final long serialVersionUID = 1;

    private final String id;

    /**
     * Makes an exception.
     *
     * @param id the session's id
     */
    public SessionBusyException(String id) {
        super("the session '" + id + "' is busy: another turn runs");
        this.id = id;
    }

    /** {@return the session's id} */
    public String id() {
        return id;
    }
}
