package dev.longspan.snapshot;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Path;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder in the store for what is on its way in or out. It is locked as long as somebody works in it; one that is not is
 * a leftover.
 */
final class TemporaryFolder implements AutoCloseable {
    static final String PREFIX = ".tmp-";
    private static final Logger LOG = LoggerFactory.getLogger(TemporaryFolder.class);

    private final Disk disk;
    private final Path folder;
    private final ProcessLock lock;

    private TemporaryFolder(Disk disk, Path folder, ProcessLock lock) {
        this.disk = disk;
        this.folder = folder;
        this.lock = lock;
    }

    /** Makes a folder. The caller holds the store's lock, so nobody takes the new folder for a leftover. */
    static TemporaryFolder create(Disk disk, Path store) throws IOException {
        Path folder = store.resolve(PREFIX + UUID.randomUUID());
        disk.createFolder(folder);
        ProcessLock lock = null;
        try {
            lock = ProcessLock.tryAcquire(disk, folder);
        } finally {
            if (lock == null) {
                remove(disk, folder);
            }
        }
        if (lock == null) {
            throw new IOException("the lock of a new folder is held by somebody else");
        }
        return new TemporaryFolder(disk, folder, lock);
    }

    /** Takes over a leftover; null if somebody works in it. The caller holds the store's lock. */
    static @Nullable TemporaryFolder adopt(Disk disk, Path folder) throws IOException {
        ProcessLock lock = ProcessLock.tryAcquire(disk, folder);
        return lock == null ? null : new TemporaryFolder(disk, folder, lock);
    }

    /** The place for what is on its way; nothing is there at first. */
    Path content() {
        return folder.resolve("content");
    }

    /** Removes the folder. What cannot be removed stays as a leftover. */
    @Override
    public void close() {
        try (lock) {
            for (Path each : disk.list(folder)) {
                if (!isLock(each)) {
                    disk.deleteTree(each);
                }
            }
            lock.deleteFiles();
            removeEmpty();
        } catch (IOException e) {
            LOG.warn("{} cannot be removed and is left for the next start: {}", folder, e.toString());
        }
    }

    private void removeEmpty() throws IOException {
        try {
            disk.deleteIfExists(folder);
        } catch (DirectoryNotEmptyException e) {
            // whoever put a lock there has taken it over
            LOG.debug("{} is removed by somebody else", folder);
        }
    }

    private static boolean isLock(Path entry) {
        return entry.endsWith(ProcessLock.LOCK) || entry.endsWith(ProcessLock.GATE);
    }

    private static void remove(Disk disk, Path folder) {
        try {
            disk.deleteTree(folder);
        } catch (IOException e) {
            LOG.warn("{} cannot be removed and is left for the next start: {}", folder, e.toString());
        }
    }
}
