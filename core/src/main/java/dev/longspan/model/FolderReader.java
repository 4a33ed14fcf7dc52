package dev.longspan.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.spi.ModelLoadException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Reads whole small files of one folder. Every fault is a {@link ModelLoadException} that names the file.
 *
 * <p>A file may be a symbolic link that leaves the folder, as in the caches of model hubs.
 */
final class FolderReader {
    /** The largest configuration file that is read. */
    static final int MAX_JSON_BYTES = 64 << 20;

    private final Path folder;

    FolderReader(Path folder) {
        this.folder = folder;
    }

    /** Makes a reader of a model's folder, after a look whether it can be one. */
    static FolderReader open(Path folder) {
        String name = folder.toString();
        if (!Files.exists(folder)) {
            throw new ModelLoadException(
                    name, "", "expected a model's folder, found nothing at " + folder.toAbsolutePath());
        }
        if (!Files.isDirectory(folder)) {
            throw new ModelLoadException(name, "", "expected a model's folder, found a file; name the folder it is in");
        }
        if (!Files.isReadable(folder)) {
            throw new ModelLoadException(name, "", "the model's folder may not be read by this process");
        }
        return new FolderReader(folder);
    }

    Path folder() {
        return folder;
    }

    /** Whether there is an entry of that name, even one that cannot be read. */
    boolean has(String name) {
        return Files.exists(path(name), LinkOption.NOFOLLOW_LINKS);
    }

    /** The path of a file that must exist and be a regular one. */
    Path file(String name) {
        Path path = path(name);
        if (Files.isRegularFile(path)) {
            return path;
        }
        if (Files.isDirectory(path)) {
            throw new ModelLoadException(name, "", "expected a file, found a directory");
        }
        if (Files.isSymbolicLink(path)) {
            throw new ModelLoadException(name, "", "expected a file, found a symbolic link that leads to none");
        }
        if (Files.exists(path)) {
            throw new ModelLoadException(name, "", "expected a regular file, found something else");
        }
        throw new ModelLoadException(name, "", "expected this file in " + folder.toAbsolutePath() + ", found none");
    }

    private Path path(String name) {
        try {
            return folder.resolve(name);
        } catch (InvalidPathException e) {
            throw new ModelLoadException(name, "", "expected a file's name, found one this system does not allow", e);
        }
    }

    byte[] bytes(String name, int limit) {
        Path path = file(name);
        try (InputStream in = Files.newInputStream(path)) {
            byte[] content = in.readNBytes(limit);
            if (in.read() >= 0) {
                throw new ModelLoadException(
                        name, "", "expected at most " + limit + " bytes, found " + Files.size(path));
            }
            return content;
        } catch (IOException e) {
            throw unreadable(name, e);
        }
    }

    String text(String name, int limit) {
        return StrictJson.text(name, bytes(name, limit));
    }

    ObjectNode json(String name) {
        return StrictJson.object(name, bytes(name, MAX_JSON_BYTES), "");
    }

    /** Reads a file in which one key may hold NaN or infinity. */
    ObjectNode json(String name, String anyNumberKey) {
        return StrictJson.object(name, bytes(name, MAX_JSON_BYTES), anyNumberKey);
    }

    static ModelLoadException unreadable(String name, IOException e) {
        String reason;
        if (e instanceof AccessDeniedException) {
            reason = "access is denied";
        } else if (e instanceof NoSuchFileException) {
            reason = "it is gone";
        } else if (e instanceof FileSystemLoopException) {
            reason = "its symbolic links form a loop";
        } else if (e instanceof ClosedByInterruptException) {
            reason = "the thread was interrupted";
        } else if (e instanceof FileSystemException f && f.getReason() != null) {
            reason = f.getReason();
        } else {
            reason = String.valueOf(e.getMessage());
        }
        return new ModelLoadException(name, "", "cannot be read: " + reason, e);
    }
}
