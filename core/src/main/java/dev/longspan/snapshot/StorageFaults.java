package dev.longspan.snapshot;

import dev.longspan.SnapshotStoreException;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;

/** Says in words why an operation on files failed. */
final class StorageFaults {
    private StorageFaults() {}

    /**
     * Makes the exception of a failed operation.
     *
     * @param path the file or folder
     * @param failed what failed, such as {@code cannot be written}
     * @param cause why
     */
    static SnapshotStoreException of(Path path, String failed, IOException cause) {
        return of(path.toString(), failed, cause);
    }

    static SnapshotStoreException of(String place, String failed, IOException cause) {
        return new SnapshotStoreException(place, failed + ": " + reason(cause), cause);
    }

    private static String reason(IOException cause) {
        if (cause instanceof AccessDeniedException) {
            return "access is denied";
        }
        if (cause instanceof NoSuchFileException missing) {
            return "there is no " + missing.getFile();
        }
        if (cause instanceof NotDirectoryException) {
            return "expected a folder, found something else";
        }
        if (cause instanceof FileAlreadyExistsException taken) {
            return taken.getFile() + " is there already, and is something else";
        }
        if (cause instanceof ClosedByInterruptException) {
            return "the thread was interrupted";
        }
        if (cause instanceof FileSystemException fault && fault.getReason() != null) {
            return fault.getReason();
        }
        return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    }
}
