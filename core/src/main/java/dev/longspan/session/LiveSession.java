package dev.longspan.session;

import dev.longspan.ChatMessage;
import dev.longspan.ChatStream;
import dev.longspan.ContextLengthException;
import dev.longspan.InvalidRequestException;
import dev.longspan.SequenceConflictException;
import dev.longspan.SessionBusyException;
import dev.longspan.SessionClosedException;
import dev.longspan.StreamInterruptedException;
import dev.longspan.TurnOptions;
import dev.longspan.engine.GenerationSpec;
import dev.longspan.engine.Reservation;
import dev.longspan.engine.SharedCheckpoint;
import dev.longspan.prompt.RenderSettings;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * An open session: its state, and at most one turn on its way. Any thread; the lock guards the fields and is held for moments
 * only, never while something is rendered or computed.
 */
public final class LiveSession {
    private final String id;
    private final SessionContext context;
    private final SessionState state;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition idle = lock.newCondition();
    private boolean busy;
    private boolean closed;
    private @Nullable Turn running;

    LiveSession(String id, ZonedDateTime created, SessionContext context, Committed committed, int maxTokens) {
        this(id, context, new SessionState(id, context, created, committed, maxTokens));
    }

    private LiveSession(String id, SessionContext context, SessionState state) {
        this.id = id;
        this.context = context;
        this.state = state;
    }

    /** {@return the session's id} */
    public String id() {
        return id;
    }

    /** {@return what it has committed, and where that is} */
    SessionState state() {
        return state;
    }

    /** {@return when it was opened: what its template is told of the time} */
    ZonedDateTime created() {
        return state.created();
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
        return state.committed();
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

    /** Makes the session busy, if it is as the options want it. Its state may be parked, also later, until the turn claims it. */
    Committed begin(TurnOptions options) {
        long nanos = TimeUnit.NANOSECONDS.convert(options.patience());
        lock.lock();
        try {
            while (busy && !closed && nanos > 0) {
                nanos = idle.awaitNanos(nanos);
            }
            requireFree();
            Committed committed = committed();
            if (options.expectedSequence().isPresent()
                    && options.expectedSequence().getAsLong() != committed.sequence()) {
                throw new SequenceConflictException(
                        id, options.expectedSequence().getAsLong(), committed.sequence());
            }
            busy = true;
            state.use();
            return committed;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StreamInterruptedException();
        } finally {
            lock.unlock();
        }
    }

    /** Refuses what would replace the state of a session that is closed or busy. */
    void requireFree() {
        lock.lock();
        try {
            if (closed) {
                throw new SessionClosedException(id);
            }
            if (busy) {
                throw new SessionBusyException(id);
            }
        } finally {
            lock.unlock();
        }
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
            state.unclaim();
            idle.signalAll();
        } finally {
            lock.unlock();
        }
    }

    int[] history(List<ChatMessage> messages, RenderSettings settings) {
        return context.renderer().history(messages, settings, created());
    }

    /** Refuses a history that grows to more than can be loaded again. */
    void requireRoomFor(int tokens, int before) {
        int most = context.maxContextTokens() + SessionContext.CLOSING_TOKENS;
        if (tokens > most && tokens > before) {
            throw new ContextLengthException(tokens, context.maxContextTokens());
        }
    }

    int boundary(List<ChatMessage> messages, RenderSettings settings, int[] ids) {
        return context.renderer().boundary(messages, settings, created(), ids);
    }

    @Nullable
    SharedCheckpoint cached(int[] ids, int most) {
        return context.prefixes().longest(ids, most, Optional.empty());
    }

    boolean isClosing() {
        return locked(() -> closed);
    }

    void takeBack(Turn turn, List<SharedCheckpoint> dropped) {
        dropped.forEach(SharedCheckpoint::release);
        end(turn);
    }

    /** {@return how many tokens it may have} */
    public int maxTokens() {
        return state.maxTokens();
    }

    /** Sets how many tokens it may have. */
    public void resize(int tokens) {
        lock.lock();
        try {
            requireFree();
            int held = Math.min(context.maxContextTokens(), committed().ids().length);
            if (tokens < Math.max(2, held) || tokens > context.maxContextTokens()) {
                throw new InvalidRequestException(
                        "maxTokens",
                        "expected " + (held > 2 ? held + ", which it holds," : "2") + " to "
                                + context.maxContextTokens() + ", the engine's limit, found " + tokens);
            }
            state.resize(tokens);
        } finally {
            lock.unlock();
        }
    }

    /** {@return a view of it at this moment} */
    public SessionView view() {
        return new SessionView(id, state.changed(), locked(() -> busy), state.sizes());
    }

    /** {@return a session of its own from what is held of this one} */
    LiveSession fork(String forkId, SessionState.Held held) {
        return new LiveSession(forkId, context, state.fork(forkId, held));
    }

    /** Closes it: a turn that runs is taken back first. */
    void close() {
        Turn turn;
        Reservation moment = context.scheduler().reservations().hold();
        try {
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
            state.closing();
            if (turn != null) {
                turn.cancelIfClosing();
            }
            locked(() -> {
                while (busy) {
                    idle.awaitUninterruptibly();
                }
                return this;
            });
            state.close();
        } finally {
            moment.close();
        }
    }

    /** {@return it at this moment, with its state, for writing it down} */
    SessionState.Held hold() {
        while (true) {
            SessionState.Held held = state.hold();
            if (!held.committed().kept().isEmpty()) {
                return held;
            }
            held.close();
            if (held.committed().ids().length == 0) {
                throw new InvalidRequestException("session", "expected one that holds something, found an empty one");
            }
            if (!awaitTurn()) {
                turns().restore(); // what could not be read is computed again
            }
        }
    }

    /** {@return whether there was a turn, which has ended: it has computed what was missing, if it could} */
    private boolean awaitTurn() {
        return locked(() -> {
            boolean waited = busy;
            while (busy && !closed) {
                idle.awaitUninterruptibly();
            }
            return waited;
        });
    }

    /** Puts what was loaded in the place of what is committed, if no turn runs. */
    void replace(SessionSnapshots.Loaded loaded) {
        lock.lock();
        try {
            requireFree();
            busy = true; // while a state that is being parked arrives
        } finally {
            lock.unlock();
        }
        try {
            state.replace(loaded);
        } finally {
            end(null);
        }
    }
}
