package dev.longspan.tvm.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The threads that kernels run on: the one that calls, and some of the team's own, which share a kernel's tasks. Kernels are run by who
 * holds the team's {@linkplain #lock lock}.
 *
 * <p>TVM has a pool of threads for each thread that runs kernels, and never ends it; here threads end with their owner.
 */
public final class KernelTeam implements AutoCloseable {
    /** How often a thread looks for more work before it sleeps: a few microseconds, since the next kernel comes soon. */
    private static final int LOOKS = 2_000;
    /** Into how many pieces each thread's share is cut, so that one that is held up leaves work to others. */
    private static final int PIECES = 4;

    private final List<Thread> threads = new ArrayList<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final AtomicLong next = new AtomicLong();
    private final AtomicInteger working = new AtomicInteger();

    private @Nullable KernelCall call;
    private long tasks;
    private long piece;
    private @Nullable Thread caller;
    private volatile @Nullable Throwable failure;
    private volatile int round;
    private volatile boolean closed;

    /**
     * Starts the threads.
     *
     * @param size how many threads a kernel runs on, the calling one included
     */
    public KernelTeam(int size) {
        for (int i = 1; i < size; i++) {
            int worker = i;
            Thread thread = new Thread(() -> work(worker), "longspan-tvm-" + i);
            thread.setDaemon(true);
            threads.add(thread);
        }
        threads.forEach(Thread::start);
    }

    /** {@return how many threads a kernel runs on} */
    int size() {
        return threads.size() + 1;
    }

    /** {@return what is held while kernels are run} */
    public ReentrantLock lock() {
        return lock;
    }

    /** Runs all tasks of a call. By who holds the lock. */
    void run(KernelCall given, long count, long grain) {
        if (!lock.isHeldByCurrentThread()) {
            throw new IllegalStateException("kernels are run by who holds the team's lock");
        } else if (closed) {
            throw new IllegalStateException("the backend is closed");
        }
        if (threads.isEmpty() || count <= grain) {
            given.run(0, 0, count);
            return;
        }
        call = given;
        caller = Thread.currentThread();
        tasks = count;
        piece = Math.max(grain, (count + (long) size() * PIECES - 1) / ((long) size() * PIECES));
        next.set(0);
        failure = null;
        working.set(threads.size());
        int following = round + 1;
        round = following; // all above is seen by who sees this
        threads.forEach(LockSupport::unpark);
        share(given, 0);
        awaitOthers();
        call = null;
        caller = null;
        Throwable failed = failure;
        if (failed instanceof Error error) {
            throw error;
        } else if (failed instanceof RuntimeException exception) {
            throw exception;
        }
    }

    private void awaitOthers() {
        int looks = 0;
        while (working.get() > 0) {
            if (looks++ < LOOKS) {
                Thread.onSpinWait();
            } else {
                LockSupport.park(this);
            }
        }
    }

    private void share(KernelCall given, int worker) {
        try {
            for (long first = next.getAndAdd(piece); first < tasks; first = next.getAndAdd(piece)) {
                given.run(worker, first, Math.min(tasks, first + piece));
            }
        } catch (Throwable e) { // who has called is told
            failure = e;
        }
    }

    private void work(int worker) {
        int done = 0;
        while (true) {
            int looks = 0;
            while (round == done && !closed) {
                if (looks++ < LOOKS) {
                    Thread.onSpinWait();
                } else {
                    LockSupport.park(this);
                }
            }
            if (closed) {
                return;
            }
            done = round;
            KernelCall given = call;
            if (given != null) {
                share(given, worker);
            }
            Thread waiting = caller;
            if (working.decrementAndGet() == 0) {
                LockSupport.unpark(waiting);
            }
        }
    }

    /** Ends the threads, and waits for that. By who holds the lock, or when no kernel runs. */
    @Override
    public void close() {
        closed = true;
        threads.forEach(LockSupport::unpark);
        boolean interrupted = false;
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
