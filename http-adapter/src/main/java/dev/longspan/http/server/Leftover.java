package dev.longspan.http.server;

import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * What a client still sends of a request that is refused. It is read and thrown away before the connection ends: many clients look
 * for an answer only when they have sent all, and a connection that ends with unread bytes takes the answer away from them. Holds no
 * thread, and ends the connection if there is too much of it or it comes too slowly.
 */
final class Leftover {
    /** So much is thrown away beside what a body may have. */
    private static final long MORE = 64 << 20;
    /** A client that sends nothing for this time is not waited for. */
    private static final long STALLED_NANOS = TimeUnit.SECONDS.toNanos(5);

    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private final Request request;
    private final ScheduledExecutorService timer;
    private final long patienceNanos;
    /** The answer, which is not written, and the rest, which is not read. */
    private final AtomicInteger open = new AtomicInteger(2);

    private final AtomicBoolean over = new AtomicBoolean();
    private final long most;
    private long count;
    private volatile long began;
    private volatile long moved;
    private volatile @Nullable ScheduledFuture<?> looks;
    private volatile Callback end = Callback.NOOP;

    Leftover(Request request, Surroundings surroundings) {
        Settings settings = surroundings.settings();
        this.request = request;
        this.timer = surroundings.timer();
        this.patienceNanos = settings.times().body().toNanos();
        this.most = settings.limits().bodyBytes() + MORE;
    }

    /**
     * Begins the time that this may take.
     *
     * @param callback ends the exchange
     * @return what is told that the answer is written: the exchange ends once nothing is left, too
     */
    Callback before(Callback callback) {
        end = callback;
        began = System.nanoTime();
        moved = began;
        looks = timer.scheduleWithFixedDelay(this::look, LOOK_NANOS, LOOK_NANOS, TimeUnit.NANOSECONDS);
        return Callback.from(this::closeOne, failure -> {
            over.set(true);
            callback.failed(failure);
        });
    }

    private void closeOne() {
        if (open.decrementAndGet() == 0) {
            end.succeeded();
        }
    }

    /** Reads what is there and will come. */
    void read() {
        while (!over.get()) {
            Content.Chunk chunk = request.read();
            if (chunk == null) {
                request.demand(this::read);
                return;
            }
            boolean last = chunk.isLast() || Content.Chunk.isFailure(chunk);
            count += chunk.getByteBuffer().remaining();
            moved = System.nanoTime();
            chunk.release();
            if (last || count > most) {
                finish();
            }
        }
    }

    /** Says that nothing is left. */
    void finish() {
        if (over.compareAndSet(false, true)) {
            closeOne();
        }
    }

    private void look() {
        long now = System.nanoTime();
        boolean late = now - moved > STALLED_NANOS || now - began > patienceNanos;
        if (late && !over.get()) {
            giveUp();
        }
        ScheduledFuture<?> mine = looks;
        if (mine != null && (late || over.get())) {
            mine.cancel(false);
        }
    }

    /** Ends the connection, which fails the reading. */
    private void giveUp() {
        EndPoint connection = request.getConnectionMetaData().getConnection().getEndPoint();
        connection.close(new TimeoutException("the rest of a refused request did not arrive in time"));
    }
}
