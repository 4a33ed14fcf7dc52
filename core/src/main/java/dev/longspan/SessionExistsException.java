package dev.longspan;

import dev.longspan.spi.LongspanException;
import java.io.Serial;

/** There is a session of this id already. */
public final class SessionExistsException extends LongspanException {
    @Serial
    private static final long serialVersionUID = 1;

    private final String id;

    /**
     * Makes an exception.
     *
     * @param id the session's id
     */
    public SessionExistsException(String id) {
        super("there is a session '" + id + "' already");
        this.id = id;
    }

    /** {@return the session's id} */
    public String id() {
        return id;
    }
}
