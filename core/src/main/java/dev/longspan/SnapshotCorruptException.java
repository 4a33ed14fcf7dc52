package dev.longspan;

import dev.longspan.spi.LongspanException;
import java.io.Serial;
import org.jspecify.annotations.Nullable;

/** A snapshot is not what was saved; it can only be deleted. */
public final class SnapshotCorruptException extends LongspanException {
    @Serial
    private static final long serialVersionUID = 1;

    private final String id;
    private final String file;

    /**
     * Makes an exception.
     *
     * @param id the snapshot's id
     * @param file the file at fault; empty if it is the entry as a whole
     * @param problem what was expected and what was found
     */
    public SnapshotCorruptException(String id, String file, String problem) {
        this(id, file, problem, null);
    }

    /**
     * Makes an exception with a cause.
     *
     * @param id the snapshot's id
     * @param file the file at fault; empty if it is the entry as a whole
     * @param problem what was expected and what was found
     * @param cause what brought it about, or null
     */
    public SnapshotCorruptException(String id, String file, String problem, @Nullable Throwable cause) {
        super("snapshot " + id + ": " + (file.isEmpty() ? "" : file + ": ") + problem, cause);
        this.id = id;
        this.file = file;
    }

    /** {@return the snapshot's id} */
    public String id() {
        return id;
    }

    /** {@return the file at fault; empty if it is the entry as a whole} */
    public String file() {
        return file;
    }
}
