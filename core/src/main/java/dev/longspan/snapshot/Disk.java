package dev.longspan.snapshot;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Every operation of the store on files. None follows a symbolic link. {@link #before} is called ahead of each, so that a
 * subclass can make any of them fail.
 */
public class Disk {
    private static final String POSIX = "posix";

    /**
     * Is called before an operation.
     *
     * @param operation the name of the operation
     * @param path the file or folder
     * @throws IOException to make the operation fail
     */
    protected void before(String operation, Path path) throws IOException {}

    final FileChannel create(Path file) throws IOException {
        before("create", file);
        return FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    final FileChannel open(Path file) throws IOException {
        before("open", file);
        return FileChannel.open(file, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS));
    }

    final FileChannel openLock(Path file) throws IOException {
        before("open lock", file);
        return FileChannel.open(
                file, Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS));
    }

    /** The lock of a whole file; null if this or another process holds it. */
    final @Nullable FileLock tryLock(Path file, FileChannel channel) throws IOException {
        before("lock", file);
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null;
        }
    }

    final void write(Path file, FileChannel channel, ByteBuffer bytes) throws IOException {
        before("write", file);
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    final int read(Path file, FileChannel channel, long position, ByteBuffer target) throws IOException {
        before("read", file);
        return channel.read(target, position);
    }

    final void force(Path file, FileChannel channel) throws IOException {
        before("force", file);
        channel.force(true);
    }

    /** Forces a folder's entries; does nothing where folders cannot be opened. */
    final void forceFolder(Path folder) throws IOException {
        before("force folder", folder);
        if (isPosix(folder)) {
            try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }

    /** Makes a folder that only its owner may enter. */
    final void createFolder(Path folder) throws IOException {
        before("create folder", folder);
        if (isPosix(folder)) {
            Files.createDirectory(
                    folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        } else {
            Files.createDirectory(folder);
        }
    }

    final void createFolders(Path folder) throws IOException {
        Path parent = folder.getParent();
        if (parent != null && !Files.isDirectory(parent)) {
            createFolders(parent);
        }
        if (!Files.isDirectory(folder)) {
            try {
                createFolder(folder);
                if (parent != null && Files.isReadable(parent)) { // else it cannot be opened, and so not be forced
                    forceFolder(parent);
                }
            } catch (FileAlreadyExistsException e) {
                // somebody else was faster, or something else is in the way
                if (!Files.isDirectory(folder)) {
                    throw e;
                }
            }
        }
    }

    final void move(Path from, Path to) throws IOException {
        before("move", to);
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    }

    final void deleteIfExists(Path path) throws IOException {
        before("delete", path);
        Files.deleteIfExists(path);
    }

    /** Deletes a file, a link or a folder with all that is in it. */
    final void deleteTree(Path path) throws IOException {
        BasicFileAttributes found = attributes(path);
        if (found == null) {
            return;
        }
        if (found.isDirectory()) {
            for (Path each : list(path)) {
                deleteTree(each);
            }
        }
        deleteIfExists(path);
    }

    final List<Path> list(Path folder) throws IOException {
        before("list", folder);
        List<Path> entries = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(folder)) {
            stream.forEach(entries::add);
        } catch (DirectoryIteratorException e) {
            throw Objects.requireNonNull(e.getCause());
        }
        return entries;
    }

    /** What lies at a path, a link as a link; null if nothing does. */
    final @Nullable BasicFileAttributes attributes(Path path) throws IOException {
        before("look at", path);
        if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return null;
        }
        return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    }

    private static boolean isPosix(Path path) {
        return path.getFileSystem().supportedFileAttributeViews().contains(POSIX);
    }
}
