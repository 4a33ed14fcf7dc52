package dev.longspan;

import dev.longspan.spi.LongspanException;
import java.io.Serial;

/** There is no snapshot of an id. */
public final class SnapshotNotFoundException extends LongspanException {
    @Serial
    private static final long serialVersionUID = 1;

    private final String id;

    /**
     * Makes an exception.
     *
     * @param id the id that was asked for
     */
    public SnapshotNotFoundException(String id) {
        super("snapshot " + id + ": expected one of this id, found none");
        this.id = id;
    }

    /** {@return the id that was asked for} */
    public String id() {
        return id;
    }
}
