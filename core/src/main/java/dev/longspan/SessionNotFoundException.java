package dev.longspan;

import dev.longspan.spi.LongspanException;
import java.io.Serial;

/** There is no session of this id. */
public final class SessionNotFoundException extends LongspanException {
    @Serial
    private static final long serialVersionUID = 1;

    private final String id;

    /**
     * Makes an exception.
     *
     * @param id the session's id
     */
    public SessionNotFoundException(String id) {
        super("there is no session '" + id + "'");
        this.id = id;
    }

    /** {@return the session's id} */
    public String id() {
        return id;
    }
}
