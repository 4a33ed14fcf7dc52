package dev.longspan;

import dev.longspan.spi.LongspanException;
import java.io.Serial;
import org.jspecify.annotations.Nullable;

/**
 * The storage of snapshots fails: the disk is full, may not be written, cannot be read, or too many files are open. What
 * was in the store before is unchanged.
 */
public final class SnapshotStoreException extends LongspanException {
    @Serial
    private static final long serialVersionUID = 1;

    private final String path;

    /**
     * Makes an exception.
     *
     * @param path the file or folder at fault
     * @param problem what could not be done, and why
     * @param cause what brought it about, or null
     */
    public SnapshotStoreException(String path, String problem, @Nullable Throwable cause) {
        super(path + ": " + problem, cause);
        this.path = path;
    }

    /** {@return the file or folder at fault} */
    public String path() {
        return path;
    }
}
