package dev.longspan.http.chat;

import dev.longspan.ChatResponse;
import dev.longspan.Session;
import dev.longspan.http.wire.ApiError;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * The last turn of each session with its key, so that a client that repeats its request is told the same again and nothing runs
 * twice; and which sessions have a turn of this server's. Any thread.
 */
public final class TurnLedger {
    private static final int MOST = 10_000;

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Claim> running = new HashMap<>();
    /** The least recently used first. */
    private final LinkedHashMap<String, Stored> done = new LinkedHashMap<>(16, 0.75f, true);

    private long stored;

    /** A turn, and how many had been stored before it. */
    private record Stored(Done turn, long moment) {}

    /**
     * A turn that was committed.
     *
     * @param key what the client called it
     * @param digest of the request's body
     * @param sequence the session's, behind it
     * @param response the answer; empty for a turn that only read
     */
    @SuppressWarnings("ArrayRecordComponent") // never written to
    public record Done(String key, byte[] digest, long sequence, Optional<ChatResponse> response) {}

    /** A session's turn, from before it is looked at until what came of it is stored. */
    public final class Claim implements AutoCloseable {
        private final String session;
        private boolean abandoned;

        Claim(String session) {
            this.session = session;
        }

        /**
         * {@return the last turn, if it has this key and nothing has happened since}
         *
         * @throws ApiError if it has this key, and was another request
         */
        public Optional<Done> repeated(String key, byte[] digest, long sequence) {
            Done last;
            lock.lock();
            try {
                Stored found = done.get(session);
                last = found == null ? null : found.turn;
            } finally {
                lock.unlock();
            }
            if (last == null || !last.key.equals(key) || last.sequence != sequence) {
                return Optional.empty();
            }
            if (!Arrays.equals(last.digest, digest)) {
                throw new ApiError(
                                409,
                                ApiError.Type.CONFLICT,
                                "idempotency_mismatch",
                                null,
                                "this Idempotency-Key belongs to another request")
                        .notToBeRepeated();
            }
            return Optional.of(last);
        }

        /** Keeps what came of the turn. */
        public void store(Done turn) {
            lock.lock();
            try {
                if (abandoned) {
                    return; // the session was closed, and another one may have its id
                }
                done.put(session, new Stored(turn, stored++));
                Iterator<Map.Entry<String, Stored>> oldest = done.entrySet().iterator();
                while (done.size() > MOST) {
                    oldest.next();
                    oldest.remove();
                }
            } finally {
                lock.unlock();
            }
        }

        private void abandon() {
            lock.lock();
            try {
                abandoned = true;
                running.remove(session, this);
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void close() {
            lock.lock();
            try {
                running.remove(session, this);
            } finally {
                lock.unlock();
            }
        }
    }

    /**
     * {@return the session's next turn}
     *
     * @throws ApiError if another one runs
     */
    public Claim claim(String session) {
        lock.lock();
        try {
            Claim claim = new Claim(session);
            if (running.putIfAbsent(session, claim) != null) {
                throw new ApiError(
                                409,
                                ApiError.Type.CONFLICT,
                                "session_busy",
                                "session_id",
                                "the session '" + session + "' is busy with another turn")
                        .retryAfter(Duration.ofSeconds(1));
            }
            return claim;
        } finally {
            lock.unlock();
        }
    }

    /** Does something to a session that no turn of this server's may run beside. */
    public void during(String session, Runnable work) {
        Claim claim = claim(session);
        try {
            work.run();
        } finally {
            claim.close();
        }
    }

    /**
     * Closes a session. What it did is forgotten, and a turn of it that has not been told its end counts no longer; what another
     * session of its id does, which may be made before this returns, is left alone.
     */
    public void end(String session, Runnable closing) {
        long moment;
        Claim last;
        lock.lock();
        try {
            moment = stored;
            last = running.get(session);
        } finally {
            lock.unlock();
        }
        closing.run();
        if (last != null) {
            last.abandon();
        }
        forget(session, moment);
    }

    /** Forgets what a session did: it is closed, or holds something else. */
    public void forget(String session) {
        forget(session, Long.MAX_VALUE);
    }

    /**
     * Makes a session. What another one of its id did is forgotten; what the new one does, which others may use before this
     * returns, is not.
     */
    public Session begin(Supplier<Session> making) {
        long moment;
        lock.lock();
        try {
            moment = stored;
        } finally {
            lock.unlock();
        }
        Session session = making.get();
        forget(session.id(), moment);
        return session;
    }

    /** Forgets a session's turn if it was stored before a moment. */
    private void forget(String session, long before) {
        lock.lock();
        try {
            Stored found = done.get(session);
            if (found != null && found.moment < before) {
                done.remove(session);
            }
        } finally {
            lock.unlock();
        }
    }
}
