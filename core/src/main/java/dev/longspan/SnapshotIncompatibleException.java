package dev.longspan;

import dev.longspan.spi.LongspanException;
import java.io.Serial;
import java.util.List;

/** A snapshot is whole, but of another model: its state means nothing to this one. */
public final class SnapshotIncompatibleException extends LongspanException {
    @Serial
    private static final long serialVersionUID = 1;

    private final String id;
    private final List<String> differences;

    /**
     * Makes an exception.
     *
     * @param id the snapshot's id
     * @param differences what differs, part by part, in words; at least one
     */
    public SnapshotIncompatibleException(String id, List<String> differences) {
        super("snapshot " + id + ": expected one of this model, found that these differ: "
                + String.join("; ", differences));
        this.id = id;
        this.differences = List.copyOf(differences);
    }

    /** {@return the snapshot's id} */
    public String id() {
        return id;
    }

    /** {@return what differs, part by part, in words} */
    public List<String> differences() {
        return differences;
    }
}
