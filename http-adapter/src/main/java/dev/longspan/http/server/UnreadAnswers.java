package dev.longspan.http.server;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.IteratingCallback;

/**
 * Answers that are no streams, on their way to clients that may not read them. They leave in pieces; whose client does not take a piece in
 * time loses its connection, and so do the slowest while all of them together hold too much. Any thread.
 */
final class UnreadAnswers implements AutoCloseable {
    private static final int PIECE = 64 << 10;
    /** Whoever takes a piece within this time is not slow. */
    private static final long STALLED_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final long patienceNanos;
    private final long most;
    private final ScheduledFuture<?> looks;

    private final ReentrantLock lock = new ReentrantLock();
    /** Those of which a piece is on its way, the one that waits longest first. */
    private final Set<Writing> waiting = new LinkedHashSet<>();

    private long held;

    /**
     * Makes an account.
     *
     * @param patience how long a client may take for a piece
     * @param most how many bytes all may hold before the slowest are ended
     */
    UnreadAnswers(Duration patience, long most, ScheduledExecutorService timer) {
        this.patienceNanos = patience.toNanos();
        this.most = most;
        long period = Math.min(STALLED_NANOS, Math.max(1, patienceNanos / 4));
        this.looks = timer.scheduleWithFixedDelay(this::look, period, period, TimeUnit.NANOSECONDS);
    }

    /** Sends the whole answer; its headers are set. */
    void send(Request request, Response response, byte[] bytes, Callback callback) {
        new Writing(request, response, bytes, callback).iterate();
    }

    private void look() {
        List<Writing> slow = new ArrayList<>();
        long now = System.nanoTime();
        lock.lock();
        try {
            long left = held;
            for (Writing each : waiting) {
                long nanos = now - each.since;
                if (nanos >= patienceNanos || (left > most && nanos >= STALLED_NANOS)) {
                    slow.add(each);
                    left -= each.bytes.length;
                }
            }
        } finally {
            lock.unlock();
        }
        slow.forEach(Writing::giveUp);
    }

    @Override
    public void close() {
        looks.cancel(false);
    }

    /** An answer on its way. */
    private final class Writing extends IteratingCallback {
        private final Request request;
        private final Response response;
        private final byte[] bytes;
        private final Callback callback;
        private int written;
        private boolean begun;
        private long since;

        Writing(Request request, Response response, byte[] bytes, Callback callback) {
            this.request = request;
            this.response = response;
            this.bytes = bytes;
            this.callback = callback;
        }

        @Override
        protected Action process() {
            boolean ended = begun && written == bytes.length;
            account(ended);
            if (ended) {
                return Action.SUCCEEDED;
            }
            int size = Math.min(PIECE, bytes.length - written);
            ByteBuffer piece = ByteBuffer.wrap(bytes, written, size);
            written += size;
            begun = true;
            response.write(written == bytes.length, piece, this);
            return Action.SCHEDULED;
        }

        private void account(boolean ended) {
            lock.lock();
            try {
                held += begun ? 0 : bytes.length;
                waiting.remove(this);
                since = System.nanoTime();
                if (ended) {
                    held -= bytes.length;
                } else {
                    waiting.add(this);
                }
            } finally {
                lock.unlock();
            }
        }

        @Override
        protected void onCompleteSuccess() {
            callback.succeeded();
        }

        @Override
        protected void onCompleteFailure(Throwable cause) {
            lock.lock();
            try {
                if (waiting.remove(this)) {
                    held -= bytes.length;
                }
            } finally {
                lock.unlock();
            }
            AccessLog.markCut(request);
            callback.failed(cause);
        }

        /** Ends the connection, which fails the piece that is on its way. */
        void giveUp() {
            EndPoint end = request.getConnectionMetaData().getConnection().getEndPoint();
            end.close(new TimeoutException("the answer was not read in time"));
        }
    }
}
