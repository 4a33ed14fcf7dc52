package dev.longspan.session;

import dev.longspan.ChatMessage;
import dev.longspan.ChatStream;
import dev.longspan.InvalidRequestException;
import dev.longspan.SequenceConflictException;
import dev.longspan.SessionBusyException;
import dev.longspan.SessionClosedException;
import dev.longspan.StreamInterruptedException;
import dev.longspan.TurnOptions;
import dev.longspan.engine.GenerationSpec;
import dev.longspan.engine.SharedCheckpoint;
import dev.longspan.prompt.CommonPrefix;
import dev.longspan.prompt.RenderSettings;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An open session: what is committed, and at most one turn on its way. Any thread; the lock guards the fields and is held for
 * moments only, never while something is rendered or computed.
 */
public final class LiveSession {
    private final String id;
    private final SessionContext context;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition idle = lock.newCondition();
    /** What its template is told of the time. */
    private volatile ZonedDateTime created;

    private Committed committed;
    private int maxTokens;
    private boolean busy;
    /** Whether its state is on the way to disk or back. */
    private boolean moving;

    private boolean closed;
    private @Nullable Turn running;
    private @Nullable ParkedState parked;
    private final List<Lineage> lineages = new ArrayList<>();
    private volatile long lastUsed = System.nanoTime();

    LiveSession(String id, ZonedDateTime created, SessionContext context, Committed committed, int maxTokens) {
        this.id = id;
        this.created = created;
        this.context = context;
        this.committed = committed;
        this.maxTokens = maxTokens;
    }

    /** {@return the session's id} */
    public String id() {
        return id;
    }

    /** {@return when it was opened: what its template is told of the time} */
    ZonedDateTime created() {
        return created;
    }

    /** {@return when it was used last, in the time of {@link System#nanoTime}} */
    long lastUsed() {
        return lastUsed;
    }

    private <T> T locked(Supplier<T> reading) {
        lock.lock();
        try {
            return reading.get();
        } finally {
            lock.unlock();
        }
    }

    /** {@return what is committed} */
    Committed committed() {
        return locked(() -> committed);
    }

    /** {@return the history} */
    public List<ChatMessage> history() {
        return committed().messages();
    }

    /** {@return what its head has absorbed} */
    public int[] tokenIds() {
        return committed().ids().clone();
    }

    /** {@return what begins turns of this session} */
    public SessionTurns turns() {
        return new SessionTurns(this, context);
    }

    ChatStream submit(GenerationSpec spec, Turn turn) {
        beginning(turn);
        try {
            ChatStream stream = context.scheduler().submit(spec, turn);
            turn.begun(stream);
            return stream;
        } catch (RuntimeException | Error e) {
            turn.dropBase();
            notBegun(turn);
            throw e;
        }
    }

    /** Notes the turn for which the session is busy. */
    void beginning(Turn turn) {
        locked(() -> running = turn);
    }

    /** Takes that back, if the turn has not ended; the session stays busy for whoever wanted to begin it. */
    void notBegun(Turn turn) {
        locked(() -> running = running == turn ? null : running);
    }

    /** Makes the session busy, if it is as the options want it, and its state is there. */
    Committed begin(TurnOptions options) {
        long nanos = TimeUnit.NANOSECONDS.convert(options.patience());
        lock.lock();
        try {
            while ((busy && !closed && nanos > 0) || moving) {
                if (moving) {
                    idle.await(); // a state on its way to disk or back is nobody's turn
                } else {
                    nanos = idle.awaitNanos(nanos);
                }
            }
            requireOpen();
            if (busy) {
                throw new SessionBusyException(id);
            }
            if (options.expectedSequence().isPresent()
                    && options.expectedSequence().getAsLong() != committed.sequence()) {
                throw new SequenceConflictException(
                        id, options.expectedSequence().getAsLong(), committed.sequence());
            }
            busy = true;
            lastUsed = System.nanoTime();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StreamInterruptedException();
        } finally {
            lock.unlock();
        }
        try {
            bringBack();
            return committed();
        } catch (RuntimeException | Error e) {
            end(null);
            throw e;
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new SessionClosedException(id);
        }
    }

    /** Brings a parked state back, if there is one; waits if that is being done. */
    private void bringBack() {
        ParkedState file;
        int tokens;
        lock.lock();
        try {
            while (moving) {
                idle.awaitUninterruptibly();
            }
            file = parked;
            lastUsed = System.nanoTime();
            tokens = committed.ids().length;
            if (file == null || closed) {
                return;
            }
            moving = true;
        } finally {
            lock.unlock();
        }
        try {
            Supplier<List<Kept>> reading = () -> arrived(context.parking().read(file));
            context.room().with(tokens, true, this::isClosing, reading);
        } catch (RuntimeException | Error e) {
            arrived(List.of());
            context.parking().delete(file);
            throw e;
        }
    }

    /** Notes what came back from disk: nothing if it could not be read and must be computed again. */
    private List<Kept> arrived(List<Kept> kept) {
        return locked(() -> {
            parked = null;
            committed = committed.withKept(kept);
            moving = false;
            idle.signalAll();
            return kept;
        });
    }

    /**
     * Makes the session free for the next turn.
     *
     * @param turn the turn that has ended; null for one that was not begun. Another one's time is not ended by it
     */
    void end(@Nullable Turn turn) {
        lock.lock();
        try {
            if (running != turn) {
                return;
            }
            busy = false;
            running = null;
            idle.signalAll();
        } finally {
            lock.unlock();
        }
    }

    int[] history(List<ChatMessage> messages, RenderSettings settings) {
        return context.renderer().history(messages, settings, created);
    }

    int boundary(List<ChatMessage> messages, RenderSettings settings, int[] ids) {
        return context.renderer().boundary(messages, settings, created, ids);
    }

    @Nullable
    SharedCheckpoint cached(int[] ids, int most) {
        return context.prefixes().longest(ids, most, Optional.empty());
    }

    boolean isClosing() {
        return locked(() -> closed);
    }

    void commit(Turn turn, Committed next, List<SharedCheckpoint> dropped) {
        Committed old;
        lock.lock();
        try {
            old = committed;
            cutLineages(CommonPrefix.length(committed.ids(), next.ids()));
            committed = next;
            lastUsed = System.nanoTime();
        } finally {
            lock.unlock();
        }
        old.release();
        takeBack(turn, dropped);
    }

    void takeBack(Turn turn, List<SharedCheckpoint> dropped) {
        dropped.forEach(SharedCheckpoint::release);
        end(turn);
    }

    /** Lets go of the state, which the turn that waits computes again. */
    void forget() {
        Committed old = committed();
        locked(() -> {
            leaveLineages(); // what is computed again is shared with nobody
            committed = committed.withKept(List.of());
            return committed;
        });
        old.release();
    }

    /** The session goes on with so many of its tokens. The lock is held. */
    private void cutLineages(int tokens) {
        lineages.forEach(lineage -> lineage.cut(this, tokens));
        lineages.removeIf(lineage -> !lineage.isShared(this));
    }

    private void leaveLineages() {
        lineages.forEach(each -> each.leave(this));
        lineages.clear();
    }

    /** {@return how many tokens it may have} */
    public int maxTokens() {
        return locked(() -> maxTokens);
    }

    /** Sets how many tokens it may have. */
    public void resize(int tokens) {
        lock.lock();
        try {
            awaitFree();
            int least = Math.max(2, committed.ids().length);
            if (tokens < least || tokens > context.maxContextTokens()) {
                throw new InvalidRequestException(
                        "maxTokens",
                        "expected " + least + ", which it holds, to " + context.maxContextTokens()
                                + ", the engine's limit, found " + tokens);
            }
            maxTokens = tokens;
        } finally {
            lock.unlock();
        }
    }

    /** {@return a view of it at this moment} */
    public SessionView view() {
        lock.lock();
        try {
            List<SharedCheckpoint> held = new ArrayList<>();
            committed.kept().forEach(kept -> held.add(kept.checkpoint().retain()));
            int shared = lineages.stream()
                    .mapToInt(lineage -> lineage.sharedTokens(this))
                    .max()
                    .orElse(0);
            return new SessionView(this, committed, maxTokens, busy, parked != null, held, shared);
        } finally {
            lock.unlock();
        }
    }

    /** {@return a session of its own from what is committed} */
    LiveSession fork(String forkId) {
        bringBack();
        lock.lock();
        try {
            requireOpen();
            Committed copy = committed.retained();
            LiveSession fork = new LiveSession(forkId, created, context, copy, maxTokens);
            Lineage.extend(lineages, this, fork, copy.ids().length);
            fork.lineages.addAll(lineages);
            return fork;
        } finally {
            lock.unlock();
        }
    }

    /** {@return whether its state can be parked, or will be or have its turn in a moment} */
    boolean canParkSoon() {
        return locked(() -> busy ? !moving && (running == null || !running.isBegun()) : canPark());
    }

    private boolean canPark() {
        return !busy
                && !moving
                && !closed
                && parked == null
                && !committed.kept().isEmpty();
    }

    /** {@return whether its state now lies on disk; false if it is in use, or holds nothing} */
    boolean park() {
        Committed now;
        lock.lock();
        try {
            if (!canPark()) {
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
                    committed = now.withKept(List.of());
                    leaveLineages(); // what comes back is a copy
                }
                moving = false;
                idle.signalAll();
            } finally {
                lock.unlock();
            }
        }
        now.release();
        return true;
    }

    /** Closes it: a turn that runs is taken back first. */
    void close() {
        Turn turn;
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            idle.signalAll();
            turn = running;
        } finally {
            lock.unlock();
        }
        if (turn != null) {
            turn.cancelIfClosing();
        }
        lock.lock();
        try {
            while (busy || moving) {
                idle.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
        release();
    }

    private void release() {
        Committed old;
        ParkedState file;
        lock.lock();
        try {
            old = committed;
            committed = committed.withKept(List.of());
            file = parked;
            parked = null;
            leaveLineages();
        } finally {
            lock.unlock();
        }
        old.release();
        if (file != null) {
            context.parking().delete(file);
        }
    }

    /** {@return its committed state, held for the caller, for writing it down} */
    Committed hold() {
        while (true) {
            bringBack();
            Committed held = locked(() -> {
                while (busy && !closed && committed.kept().isEmpty() && committed.ids().length > 0) {
                    idle.awaitUninterruptibly(); // the turn computes it again
                }
                requireOpen();
                return committed.kept().isEmpty() ? committed : committed.retained();
            });
            if (!held.kept().isEmpty()) {
                return held;
            }
            if (held.ids().length == 0) {
                throw new InvalidRequestException("session", "expected one that holds something, found an empty one");
            }
            if (locked(() -> parked) == null) {
                turns().restore(); // what could not be read is computed again
            }
        }
    }

    /** Refuses what would replace the state of a session that is closed or busy. */
    void requireFree() {
        locked(this::awaitFree);
    }

    /** The lock is held. */
    private LiveSession awaitFree() {
        while (moving && !closed) {
            idle.awaitUninterruptibly();
        }
        requireOpen();
        if (busy) {
            throw new SessionBusyException(id);
        }
        return this;
    }

    /** Puts what was loaded in the place of what is committed, if no turn runs. */
    void replace(SessionSnapshots.Loaded loaded) {
        Committed old;
        ParkedState file;
        lock.lock();
        try {
            awaitFree();
            old = committed;
            file = parked;
            parked = null;
            committed = loaded.committed().after(committed.sequence());
            created = loaded.created();
            maxTokens = loaded.maxTokens();
            leaveLineages();
            lastUsed = System.nanoTime();
        } finally {
            lock.unlock();
        }
        old.release();
        if (file != null) {
            context.parking().delete(file);
        }
    }
}
