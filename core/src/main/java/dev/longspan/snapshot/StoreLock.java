package dev.longspan.snapshot;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The lock of a whole store, held only for the moments in which entries appear, change or go away, never while content is
 * written or read.
 */
final class StoreLock {
    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(30);
    private static final long FIRST_PAUSE_NANOS = TimeUnit.MICROSECONDS.toNanos(50);
    private static final long LONGEST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final Disk disk;
    private final Path store;

    /** What is done while the lock is held. */
    interface Action<T> {
        T run() throws IOException;
    }

    StoreLock(Disk disk, Path store) {
        this.disk = disk;
        this.store = store;
    }

    /** Waits for the lock, and holds it during an action. Not to be held twice by one thread. */
    <T> T hold(Action<T> action) throws IOException {
        ProcessLock lock = acquire();
        try {
            return action.run();
        } finally {
            lock.close();
        }
    }

    private ProcessLock acquire() throws IOException {
        long start = System.nanoTime();
        long pause = FIRST_PAUSE_NANOS;
        while (true) {
            ProcessLock lock = ProcessLock.tryAcquire(disk, store);
            if (lock != null) {
                return lock;
            }
            if (System.nanoTime() - start > LIMIT_NANOS) {
                throw new IOException("somebody else has held the store's lock for 30 seconds");
            }
            // files have no lock that threads of one process can wait for
            LockSupport.parkNanos(pause);
            pause = Math.min(2 * pause, LONGEST_PAUSE_NANOS);
            if (Thread.currentThread().isInterrupted()) {
                throw new InterruptedIOException("the thread was interrupted while it waited for the store's lock");
            }
        }
    }
}
