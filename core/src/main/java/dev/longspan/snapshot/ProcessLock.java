package dev.longspan.snapshot;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A lock on a folder that keeps out other threads of this process as well as other processes. It ends with the process,
 * however that ends.
 *
 * <p>Two files are needed: on POSIX systems a process loses its lock of a file when it closes any channel to that file, so
 * a thread that only tried would break the lock of another. Whoever holds {@code .gate} against the threads of this process
 * is the only one in it who opens {@code .lock}, and that one keeps out the other processes.
 */
public final class ProcessLock implements AutoCloseable {
    static final String GATE = ".gate";
    static final String LOCK = ".lock";

    private final Disk disk;
    private final Path folder;
    private final FileChannel gate;
    private final FileChannel lock;

    private ProcessLock(Disk disk, Path folder, FileChannel gate, FileChannel lock) {
        this.disk = disk;
        this.folder = folder;
        this.gate = gate;
        this.lock = lock;
    }

    /**
     * {@return the lock of a folder; null if somebody else holds it}
     *
     * @param disk the operations on files
     * @param folder the folder, in which the lock's files are made
     * @throws IOException if they cannot be
     */
    public static @Nullable ProcessLock tryAcquire(Disk disk, Path folder) throws IOException {
        FileChannel gate = tryLocked(disk, folder.resolve(GATE));
        if (gate == null) {
            return null;
        }
        FileChannel lock = null;
        try {
            lock = tryLocked(disk, folder.resolve(LOCK));
        } finally {
            if (lock == null) {
                gate.close();
            }
        }
        return lock == null ? null : new ProcessLock(disk, folder, gate, lock);
    }

    /** A channel whose file is locked; closing it ends the lock. */
    private static @Nullable FileChannel tryLocked(Disk disk, Path file) throws IOException {
        FileChannel channel = disk.openLock(file);
        FileLock held = null;
        try {
            held = disk.tryLock(file, channel);
        } finally {
            if (held == null) {
                channel.close();
            }
        }
        return held == null ? null : channel;
    }

    /**
     * Deletes the lock's files, while it is held.
     *
     * @throws IOException if they cannot be
     */
    public void deleteFiles() throws IOException {
        disk.deleteIfExists(folder.resolve(LOCK));
        disk.deleteIfExists(folder.resolve(GATE));
    }

    @Override
    public void close() throws IOException {
        try (gate) {
            lock.close();
        }
    }
}
