package dev.longspan.reference.network;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A fixed team of threads, the calling one included, that share the parts of a task.
 *
 * <p>Which thread computes a part is left to chance; since a part computes outputs of its own, the result is not. Whoever
 * calls {@link #compute} holds {@link #lock}.
 */
public final class Team implements AutoCloseable {
    private static final int SPINS = 2_000;
    private static final int COUNT_BITS = 22;
    private static final int EPOCH_SHIFT = 2 * COUNT_BITS;
    private static final long COUNT_MASK = (1L << COUNT_BITS) - 1;
    /** The most parts one task may have. */
    static final int MAX_PARTS = (int) COUNT_MASK;

    private final Worker[] workers;
    private final ReentrantLock lock = new ReentrantLock();
    /** Epoch, number of parts and next part in one word, so that a late thread can never take a part of a later task. */
    private final AtomicLong ticket = new AtomicLong();

    private final AtomicInteger unfinished = new AtomicInteger();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile ParallelTask task = (part, worker) -> {};
    private volatile @Nullable Thread waiting;
    private volatile boolean closed;

    /**
     * Starts the threads.
     *
     * @param size how many threads compute, the calling one included
     */
    public Team(int size) {
        workers = new Worker[size - 1];
        for (int i = 0; i < workers.length; i++) {
            workers[i] = new Worker(this, i + 1);
            workers[i].start();
        }
    }

    /** {@return how many threads compute, the calling one included} */
    int size() {
        return workers.length + 1;
    }

    /** {@return the lock that the computing thread holds} */
    public ReentrantLock lock() {
        return lock;
    }

    /** Computes all parts of a task and returns when they are done. */
    void compute(ParallelTask work, int parts) {
        if (parts <= 1 || workers.length == 0 || parts > MAX_PARTS) {
            for (int part = 0; part < parts; part++) {
                work.compute(part, 0);
            }
            return;
        }
        task = work;
        unfinished.set(parts);
        ticket.set(((epoch() + 1) << EPOCH_SHIFT) | ((long) parts << COUNT_BITS));
        wake(Math.min(workers.length, parts - 1));
        takeParts(epoch(), 0);
        await();
        Throwable thrown = failure.getAndSet(null);
        if (thrown instanceof RuntimeException e) {
            throw e;
        } else if (thrown instanceof Error e) {
            throw e;
        }
    }

    private long epoch() {
        return ticket.get() >>> EPOCH_SHIFT;
    }

    private void wake(int count) {
        int woken = 0;
        for (int i = 0; i < workers.length && woken < count; i++) {
            if (workers[i].parked) {
                LockSupport.unpark(workers[i]);
            }
            woken++;
        }
    }

    private void await() {
        for (int i = 0; i < SPINS; i++) {
            if (unfinished.get() == 0) {
                return;
            }
            Thread.onSpinWait();
        }
        waiting = Thread.currentThread();
        boolean interrupted = false;
        while (unfinished.get() != 0) {
            LockSupport.park(this);
            interrupted |= Thread.interrupted();
        }
        waiting = null;
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void takeParts(long epoch, int worker) {
        while (true) {
            long now = ticket.get();
            int part = (int) (now & COUNT_MASK);
            if (now >>> EPOCH_SHIFT != epoch || part >= (int) ((now >>> COUNT_BITS) & COUNT_MASK)) {
                return;
            }
            if (ticket.compareAndSet(now, now + 1)) {
                computePart(part, worker);
            }
        }
    }

    private void computePart(int part, int worker) {
        try {
            task.compute(part, worker);
        } catch (Throwable thrown) {
            failure.compareAndSet(null, thrown);
        }
        if (unfinished.decrementAndGet() == 0) {
            Thread caller = waiting;
            if (caller != null) {
                LockSupport.unpark(caller);
            }
        }
    }

    /** Ends the threads and waits for their end. */
    @Override
    public void close() {
        closed = true;
        boolean interrupted = false;
        for (Worker worker : workers) {
            LockSupport.unpark(worker);
        }
        for (Worker worker : workers) {
            while (worker.isAlive()) {
                try {
                    worker.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static final class Worker extends Thread {
        private final Team team;
        private final int index;
        private volatile boolean parked;

        Worker(Team team, int index) {
            super(null, null, "longspan-reference-" + index, 0, false);
            this.team = team;
            this.index = index;
            setDaemon(true);
        }

        @Override
        public void run() {
            long seen = 0;
            while (!team.closed) {
                long epoch = team.epoch();
                if (epoch != seen) {
                    seen = epoch;
                    team.takeParts(epoch, index);
                } else {
                    rest(seen);
                }
            }
        }

        private void rest(long seen) {
            for (int i = 0; i < SPINS; i++) {
                if (team.epoch() != seen || team.closed) {
                    return;
                }
                Thread.onSpinWait();
            }
            parked = true;
            if (team.epoch() == seen && !team.closed) {
                LockSupport.park(team);
            }
            parked = false;
        }
    }
}
