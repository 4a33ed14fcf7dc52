package dev.longspan.tvm.runtime;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
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
public final class KernelTeam implements KernelRunner {
    /** How often a thread looks for more work before it sleeps: a few microseconds, since the next kernel comes soon. */
    private static final int LOOKS = 2_000;

    private static final int LOOKS_ON_END = 32;
    private static final long NOTHING = 0;
    /**
     * Into how many pieces each thread's share of what is left is cut. So pieces become smaller and smaller: one thread that is held up
     * leaves work to others, and in the end all are ready at nearly the same time.
     */
    private static final int PIECES = 4;

    /** What is shared among threads. */
    interface Tasks {
        /** Does some tasks, as one thread of the team: the caller is 0. */
        void run(int worker, long first, long last);
    }

    private final List<Thread> threads = new ArrayList<>();
    private final ReentrantLock lock = new ReentrantLock();
    /**
     * The round, and in its lower half how many of its tasks are left. Who takes some changes nothing else, so that who comes late
     * takes none of another round.
     */
    private final AtomicLong left = new AtomicLong();

    private final AtomicInteger finished = new AtomicInteger();

    // what a round is about: written before the round begins, and not before all tasks of the last one are finished
    private @Nullable Tasks call;
    private int tasks;
    private int least;
    private int most;
    private @Nullable Thread caller;
    private volatile @Nullable Throwable failure;
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
        boolean started = false;
        try {
            threads.forEach(Thread::start);
            started = true;
        } finally {
            if (!started) { // the system gives no more: neither keeps it those that it gave
                close();
            }
        }
    }

    /** {@return how many threads a kernel runs on} */
    int size() {
        return threads.size() + 1;
    }

    @Override
    public ReentrantLock lock() {
        return lock;
    }

    @Override
    public void begin() {
        // a processor is always ready
    }

    @Override
    public void finish() {
        // a call returns when its kernel has run
    }

    /**
     * Runs all tasks of a call. By who holds the lock.
     *
     * @param count how many there are, below 2^31
     * @param least how many a thread takes at once at least, where so many are left
     * @param most how many at most
     */
    void run(Tasks given, long count, long least, long most) {
        if (!lock.isHeldByCurrentThread()) {
            throw new IllegalStateException("kernels are run by who holds the team's lock");
        } else if (closed) {
            throw new IllegalStateException("the backend is closed");
        }
        if (threads.isEmpty() || count <= least) {
            given.run(0, 0, count);
            return;
        }
        call = given;
        caller = Thread.currentThread();
        tasks = Math.toIntExact(count);
        this.least = (int) least; // below count
        this.most = (int) Math.min(count, most);
        failure = null;
        finished.set(0);
        int round = round() + 1;
        left.set((long) round << Integer.SIZE | count); // all above is seen by who sees this
        threads.forEach(LockSupport::unpark);
        share(round, 0);
        awaitOthers();
        Throwable failed = failure;
        if (failed instanceof Error error) {
            throw error;
        } else if (failed instanceof RuntimeException exception) {
            throw exception;
        }
    }

    private int round() {
        return (int) (left.get() >> Integer.SIZE);
    }

    /** Waits for tasks that others have begun; for a thread that has not come in time there is nothing left, nor to wait for. */
    private void awaitOthers() {
        for (int looks = 1; finished.get() < tasks; looks++) {
            pause(looks);
        }
    }

    /** Waits a moment, and lets others have the processor now and then: they may be who is waited for. After many looks sleeps. */
    @SuppressWarnings("ThreadPriorityCheck") // nothing depends on it but the time it takes
    private void pause(int looks) {
        if (looks > LOOKS && !Thread.currentThread().isInterrupted()) { // who is interrupted cannot sleep
            LockSupport.park(this);
        } else if (looks % LOOKS_ON_END == 0) {
            Thread.yield();
        } else {
            Thread.onSpinWait();
        }
    }

    /** Runs tasks of a round until all are taken. */
    private void share(int round, int worker) {
        for (long taken = take(round); taken != NOTHING; taken = take(round)) {
            long there = taken >> Integer.SIZE;
            int count = (int) taken;
            Thread waiting = caller;
            int all = tasks;
            try {
                long first = all - there;
                Objects.requireNonNull(call).run(worker, first, first + count);
            } catch (Throwable e) { // who has called is told
                failure = e;
            }
            if (finished.addAndGet(count) == all && worker > 0) {
                LockSupport.unpark(waiting);
            }
        }
    }

    /** Takes tasks of a round: how many were left, and in the lower half how many are taken; {@link #NOTHING} if the round is over. */
    private long take(int round) {
        while (true) {
            long seen = left.get();
            int there = (int) seen;
            if ((int) (seen >> Integer.SIZE) != round || there == 0) {
                return NOTHING;
            }
            int part = size() * PIECES;
            int count = Math.min(there, Math.max(least, Math.min(most, (there - 1) / part + 1)));
            if (left.compareAndSet(seen, seen - count)) {
                return (long) there << Integer.SIZE | count;
            }
        }
    }

    private void work(int worker) {
        int done = 0;
        while (true) {
            for (int looks = 1; round() == done && !closed; looks++) {
                pause(looks);
            }
            if (closed) {
                return;
            }
            done = round();
            share(done, worker);
        }
    }

    /** Ends the threads, and waits for that. */
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
