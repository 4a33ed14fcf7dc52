package dev.longspan;

import dev.longspan.spi.LongspanException;
import java.io.Serial;

/** There is a snapshot of an id already; nothing was changed. */
public final class SnapshotExistsException extends LongspanException {
    @Serial
    private static final long serialVersionUID = 1;

    private final String id;

    /**
     * Makes an exception.
     *
     * @param id the id that is taken
     */
    public SnapshotExistsException(String id) {
        super("snapshot " + id + ": expected an id that is free, found one that is taken; delete it or choose another");
        this.id = id;
    }

    /** {@return the id that is taken} */
    public String id() {
        return id;
    }
}
