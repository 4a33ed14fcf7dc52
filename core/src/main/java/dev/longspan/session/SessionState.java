package dev.longspan.session;

import dev.longspan.SessionClosedException;
import dev.longspan.engine.Lineage;
import dev.longspan.engine.ParkedSize;
import dev.longspan.engine.Reservation;
import dev.longspan.engine.SharedCheckpoint;
import dev.longspan.prompt.CommonPrefix;
import dev.longspan.spi.BackendMemoryException;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a session has committed, and where its checkpoints are: in memory, on disk, or on the way. They may be parked at any time
 * but while they are claimed, by a turn that is about to start. Any thread; the lock is held for moments only.
 */
final class SessionState {
    private final String id;
    private final SessionContext context;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition arrived = lock.newCondition();

    /** What its template is told of the time. */
    private ZonedDateTime created;

    private Committed committed;
    private int maxTokens;
    /** Whether a turn is about to start, runs or commits, so that the checkpoints stay where they are. */
    private boolean claimed;
    /** Whether they are on the way to disk or back. */
    private boolean moving;

    private boolean closed;
    private @Nullable ParkedState parked;
    private final List<Lineage> lineages = new ArrayList<>();
    private volatile long lastUsed = System.nanoTime();
    private volatile Instant changed;

    /** Takes over what is committed. */
    SessionState(String id, SessionContext context, ZonedDateTime created, Committed committed, int maxTokens) {
        this.id = id;
        this.context = context;
        this.created = created;
        this.committed = committed;
        this.maxTokens = maxTokens;
        this.changed = context.clock().instant();
        committed.noteKept();
    }

    private <T> T locked(Supplier<T> reading) {
        lock.lock();
        try {
            return reading.get();
        } finally {
            lock.unlock();
        }
    }

    ZonedDateTime created() {
        return locked(() -> created);
    }

    Committed committed() {
        return locked(() -> committed);
    }

    int maxTokens() {
        return locked(() -> maxTokens);
    }

    void resize(int tokens) {
        locked(() -> maxTokens = tokens);
    }

    boolean isParked() {
        return locked(() -> parked != null);
    }

    /** {@return when it was used last, in the time of {@link System#nanoTime}} */
    long lastUsed() {
        return lastUsed;
    }

    /** {@return when the last turn was committed} */
    Instant changed() {
        return changed;
    }

    void use() {
        lastUsed = System.nanoTime();
    }

    /** {@return whether the checkpoints stay where they are from now on; false while they move} */
    boolean claim() {
        return locked(() -> {
            claimed = !moving;
            return claimed;
        });
    }

    /** Claims them once they do not move. */
    void awaitClaim() {
        locked(() -> {
            awaitArrival();
            claimed = true;
            return this;
        });
    }

    /** The turn that claimed them has ended. */
    void unclaim() {
        locked(() -> claimed = false);
    }

    /** The lock is held. */
    private void awaitArrival() {
        while (moving) {
            arrived.awaitUninterruptibly();
        }
    }

    /** {@return how large the parked state is; null if it is not parked} */
    @Nullable
    ParkedSize parkedSize() {
        ParkedState file = locked(() -> parked);
        return file == null ? null : file.size();
    }

    /** {@return how many tokens the newest checkpoint at or before a position has, parked or not; 0 if there is none} */
    int heldTokens(int most) {
        return locked(() -> {
            SharedCheckpoint newest = committed.newest(most);
            return parked != null ? parked.newest(most) : newest == null ? 0 : newest.length();
        });
    }

    /** The lock is held. {@return what was committed before, to be let go of by the caller} */
    private Committed install(Committed next) {
        Committed old = committed;
        next.noteKept();
        old.noteUnkept();
        committed = next;
        return old;
    }

    /** The lock is held. {@return the file of the parked state, which no longer counts} */
    private @Nullable ParkedState takeFile() {
        ParkedState file = parked;
        parked = null;
        return file;
    }

    /** Puts something in the place of what is committed, and lets go of that, parked or not. {@return whether it had checkpoints} */
    private boolean swap(Supplier<Committed> making) {
        Committed old;
        ParkedState file;
        lock.lock();
        try {
            Committed next = making.get();
            file = takeFile();
            old = install(next);
        } finally {
            lock.unlock();
        }
        old.release();
        if (file != null) {
            context.parking().delete(file);
        }
        return file != null || !old.kept().isEmpty();
    }

    /**
     * Ends a claimed turn.
     *
     * @param inherited how many of its tokens lie in pages of what was committed before
     * @param cached the checkpoint of the cache that it started from; null if it started from none
     */
    void commit(Committed next, int inherited, @Nullable SharedCheckpoint cached) {
        swap(() -> {
            lineages.forEach(lineage -> lineage.cut(this, inherited));
            lineages.removeIf(lineage -> lineage.tokens(this) == 0);
            if (cached != null) {
                lineages.addAll(cached.join(this));
            }
            use();
            if (next.sequence() != committed.sequence()) {
                changed = context.clock().instant();
            }
            return next;
        });
    }

    /** Lets go of the checkpoints, parked or not, which the claimed turn computes again. {@return whether there were any} */
    boolean forget() {
        return swap(this::withoutCheckpoints);
    }

    /** The lock is held. */
    private Committed withoutCheckpoints() {
        leaveLineages();
        return committed.withKept(List.of());
    }

    /** Puts what was loaded in the place of what is committed. */
    void replace(SessionSnapshots.Loaded loaded) {
        swap(() -> {
            awaitArrival();
            leaveLineages();
            created = loaded.created();
            maxTokens = loaded.maxTokens();
            use();
            changed = context.clock().instant();
            return loaded.committed().after(committed.sequence());
        });
    }

    /** What is computed again or comes back is shared with nobody. The lock is held. */
    private void leaveLineages() {
        lineages.forEach(each -> each.leave(this));
        lineages.clear();
    }

    /** {@return whether it can be parked: there are checkpoints in memory, and no turn has claimed them} */
    boolean canPark() {
        return locked(this::canParkLocked);
    }

    private boolean canParkLocked() {
        return !claimed
                && !moving
                && !closed
                && parked == null
                && !committed.kept().isEmpty();
    }

    /** {@return whether it now lies on disk; false if it is in use, or holds nothing} */
    boolean park() {
        Committed now;
        lock.lock();
        try {
            if (!canParkLocked()) {
                return false;
            }
            moving = true;
            now = committed;
        } finally {
            lock.unlock();
        }
        ParkedState file = null;
        try {
            file = context.parking().write(id, now.kept());
        } finally {
            lock.lock();
            try {
                if (file != null) {
                    parked = file;
                    install(withoutCheckpoints());
                }
                moving = false;
                arrived.signalAll();
            } finally {
                lock.unlock();
            }
        }
        now.release();
        return true;
    }

    /**
     * Brings it back, if it is parked; waits if that is being done. What cannot be read must be computed again.
     *
     * @throws BackendMemoryException if there is not enough memory; it is still parked then
     */
    void bringBack() {
        ParkedState file;
        lock.lock();
        try {
            awaitArrival();
            file = parked;
            if (file == null || closed) {
                return;
            }
            moving = true;
        } finally {
            lock.unlock();
        }
        try {
            List<Kept> kept = context.parking().read(file);
            if (!install(file, kept)) {
                kept.forEach(each -> each.checkpoint().release());
            }
        } finally {
            lock.lock();
            try {
                moving = false;
                arrived.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    /** {@return whether what was read of a file is now what the session has; false if it goes on without by now} */
    private boolean install(ParkedState file, List<Kept> kept) {
        return locked(() -> {
            if (!file.equals(parked)) {
                return false;
            }
            parked = null;
            install(committed.withKept(kept));
            return true;
        });
    }

    /**
     * A session at one moment.
     *
     * @param committed what was committed, held for the caller
     * @param created when it was opened
     * @param maxTokens how many tokens it may have
     * @param moment tells the engine that this is held
     */
    record Held(Committed committed, ZonedDateTime created, int maxTokens, Reservation moment)
            implements AutoCloseable {
        /** Lets go of it. */
        @Override
        public void close() {
            committed.release();
            moment.close();
        }
    }

    /**
     * {@return it at this moment, with its checkpoints unless they are lost} Parked ones come back.
     *
     * @throws SessionClosedException if it is closed
     * @throws BackendMemoryException if they are parked and there is no room for them
     */
    Held hold() {
        while (true) {
            ParkedState file;
            lock.lock();
            try {
                awaitArrival();
                if (closed) {
                    throw new SessionClosedException(id);
                }
                file = parked;
                if (file == null) {
                    return held();
                }
            } finally {
                lock.unlock();
            }
            Reservation room = context.scheduler().reservations().reserve(file.size(), () -> isStill(file));
            try {
                bringBack(); // it may be parked again before it is held
            } finally {
                room.close();
            }
        }
    }

    private boolean isStill(ParkedState file) {
        return locked(() -> file.equals(parked) && !closed);
    }

    /** {@return a state of its own from what is held of this one} */
    SessionState fork(String forkId, Held held) {
        lock.lock();
        try {
            Committed copy = held.committed().retained();
            SessionState fork = new SessionState(forkId, context, held.created(), copy, held.maxTokens());
            if (copy.kept().stream().anyMatch(committed.kept()::contains)) { // else it was parked meanwhile
                Lineage.extend(lineages, this, fork, CommonPrefix.length(committed.ids(), copy.ids()));
                fork.lineages.addAll(lineages);
            }
            return fork;
        } finally {
            lock.unlock();
        }
    }

    /** The lock is held. */
    private Held held() {
        return new Held(
                committed.retained(),
                created,
                maxTokens,
                context.scheduler().reservations().hold());
    }

    /** {@return how many bytes closing all its checkpoints would free} */
    long exclusiveBytes() {
        try (HeldSizes sizes = sizes()) {
            return sizes.exclusiveBytes();
        }
    }

    /** {@return how large it is at this moment} */
    HeldSizes sizes() {
        lock.lock();
        try {
            int shared = lineages.stream()
                    .mapToInt(lineage -> lineage.sharedTokens(this))
                    .max()
                    .orElse(0);
            return new HeldSizes(held(), parked != null, shared);
        } finally {
            lock.unlock();
        }
    }

    /** It is not parked any more. */
    void closing() {
        locked(() -> closed = true);
    }

    /** Lets go of everything. */
    void close() {
        swap(() -> {
            closed = true;
            awaitArrival();
            return withoutCheckpoints();
        });
    }
}
