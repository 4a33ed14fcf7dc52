package dev.longspan.session;

import dev.longspan.EngineClosedException;
import dev.longspan.InvalidRequestException;
import dev.longspan.SessionExistsException;
import dev.longspan.SessionNotFoundException;
import dev.longspan.SessionOptions;
import java.time.ZonedDateTime;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/** The open sessions of an engine. Any thread. */
public final class SessionTable {
    private final SessionContext context;
    private final SessionSnapshots snapshots;
    private final ConcurrentHashMap<String, LiveSession> sessions = new ConcurrentHashMap<>();
    private volatile boolean closed;

    /** Makes a table without sessions. */
    public SessionTable(SessionContext context, SessionSnapshots snapshots) {
        this.context = context;
        this.snapshots = snapshots;
    }

    /** {@return the way between sessions and snapshots} */
    public SessionSnapshots snapshots() {
        return snapshots;
    }

    /** Opens a session from a snapshot. */
    public LiveSession load(String snapshot, SessionOptions options) {
        String id = options.id().orElseGet(SessionTable::newId);
        requireOpen();
        if (sessions.containsKey(id)) {
            throw new SessionExistsException(id);
        }
        SessionSnapshots.Loaded loaded = snapshots.load(snapshot);
        LiveSession session = new LiveSession(id, loaded.created(), context, loaded.committed(), loaded.maxTokens());
        try {
            options.maxTokens().ifPresent(session::resize);
            return add(session);
        } catch (RuntimeException | Error e) {
            session.close();
            throw e;
        } finally {
            loaded.room().close();
        }
    }

    /** Puts a snapshot in the place of what a session holds, once it is read and verified whole. */
    public void load(String snapshot, LiveSession session) {
        requireOpen();
        session.requireFree();
        SessionSnapshots.Loaded loaded = snapshots.load(snapshot);
        try {
            session.replace(loaded);
        } catch (RuntimeException | Error e) {
            loaded.committed().release();
            throw e;
        } finally {
            loaded.room().close();
        }
    }

    /** Opens an empty session. */
    public LiveSession open(SessionOptions options) {
        int most = context.maxContextTokens();
        int maxTokens = options.maxTokens().orElse(most);
        if (maxTokens > most) {
            throw new InvalidRequestException(
                    "maxTokens", "expected at most " + most + ", the engine's limit, found " + maxTokens);
        }
        String id = options.id().orElseGet(SessionTable::newId);
        return add(new LiveSession(id, ZonedDateTime.now(context.clock()), context, Committed.EMPTY, maxTokens));
    }

    /** {@return an id that no session has} */
    public static String newId() {
        return UUID.randomUUID().toString();
    }

    private void requireOpen() {
        if (closed) {
            throw new EngineClosedException();
        }
    }

    LiveSession add(LiveSession session) {
        if (sessions.putIfAbsent(session.id(), session) != null) {
            throw new SessionExistsException(session.id());
        }
        if (closed) {
            remove(session);
            throw new EngineClosedException();
        }
        return session;
    }

    /** Opens a session from what another has committed. */
    public LiveSession fork(LiveSession session, String id) {
        if (sessions.containsKey(id)) {
            throw new SessionExistsException(id);
        }
        try (SessionState.Held held = session.state().hold()) {
            LiveSession fork = session.fork(id, held);
            try {
                return add(fork);
            } catch (RuntimeException | Error e) {
                fork.close();
                throw e;
            }
        }
    }

    /** {@return the session of an id} */
    public LiveSession get(String id) {
        LiveSession session = sessions.get(id);
        if (session == null) {
            throw new SessionNotFoundException(id);
        }
        return session;
    }

    /** {@return all sessions, the one used last first} */
    public List<LiveSession> all() {
        return sessions.values().stream()
                .map(session ->
                        new Used(session, session.state().lastUsed())) // which may change while others are compared
                .sorted(Comparator.comparingLong(Used::last).reversed())
                .map(Used::session)
                .toList();
    }

    private record Used(LiveSession session, long last) {}

    /** Closes a session. The engine's own thread does not wait for that: a turn that runs is its own work. */
    public void remove(LiveSession session) {
        if (context.scheduler().isOnEngine()) {
            Thread closer = new Thread(() -> removeAndWait(session), "longspan-close");
            closer.start();
        } else {
            removeAndWait(session);
        }
    }

    private void removeAndWait(LiveSession session) {
        session.close();
        sessions.remove(session.id(), session);
    }

    /** Closes all sessions; no other can be opened. */
    public void close() {
        closed = true;
        all().forEach(this::remove);
    }
}
