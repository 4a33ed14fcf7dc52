package dev.longspan.http.server;

import dev.longspan.http.wire.ApiError;
import dev.longspan.spi.LongspanException;
import java.io.Serial;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.EofException;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * Server-sent events to one client. One thread sends; another one sends comments while nothing comes, so that a client that has gone
 * is noticed. At most one piece is on its way: whoever sends waits for the one before, and gives up after a time.
 */
public final class EventStream {
    private static final HttpField TYPE = new HttpField(HttpHeader.CONTENT_TYPE, "text/event-stream; charset=utf-8");
    private static final byte[] COMMENT = ": \n\n".getBytes(StandardCharsets.UTF_8);

    private final Request request;
    private final Response response;
    private final Callback callback;
    private final long patienceNanos;
    private final Executor executor;
    private final Runnable beforeLast;
    private final FailureForm form;
    private final ConnectionWatch watch;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition idle = lock.newCondition();
    private boolean writing;
    private boolean ended;
    private @Nullable Throwable failure;
    private @Nullable Runnable whenGone;
    private long lastWrite = System.nanoTime();

    /** The client does not read any more: it has gone, or is too slow. */
    public static final class GoneException extends LongspanException {
        @Serial
        private static final long serialVersionUID = 1;

        GoneException(Throwable cause) {
            super("the client does not read: " + cause, cause);
        }
    }

    /** How the events of a stream tell that it failed. */
    public interface FailureForm {
        /** {@return the data of the event} Any thread. */
        String of(ApiError error);
    }

    EventStream(
            Request request,
            Response response,
            Callback callback,
            long patienceNanos,
            Executor executor,
            Runnable beforeLast,
            FailureForm form) {
        this.request = request;
        this.response = response;
        this.callback = callback;
        this.patienceNanos = patienceNanos;
        this.executor = executor;
        this.beforeLast = beforeLast;
        this.form = form;
        response.getHeaders().put(TYPE);
        response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-cache");
        response.getHeaders().put("X-Accel-Buffering", "no");
        lock.lock();
        try {
            begin();
        } finally {
            lock.unlock();
        }
        write(false, new byte[0]); // the headers
        this.watch = ConnectionWatch.begin(request, response, () -> failed(new EofException("the client has gone")));
    }

    /** Says what is done once it is found that the client has gone; at once if it has. */
    public void whenGone(Runnable action) {
        boolean now;
        lock.lock();
        try {
            whenGone = action;
            now = failure != null;
        } finally {
            lock.unlock();
        }
        if (now) {
            action.run();
        }
    }

    /** Sends an event. */
    public void send(String data) throws GoneException {
        sendBytes(event(data));
    }

    private static byte[] event(String data) {
        return ("data: " + data + "\n\n").getBytes(StandardCharsets.UTF_8);
    }

    /** Lets go of what was held for this answer, once all but what tells its end has left. */
    public void letGo() throws GoneException {
        lock.lock();
        try {
            awaitIdle();
        } finally {
            lock.unlock();
        }
        beforeLast.run();
    }

    /** Sends the last event; what was held for this answer is let go before it leaves. */
    public void sendLast(String data) throws GoneException {
        letGo();
        send(data);
    }

    /** Sends that the answer failed, and why, as the last event; nothing that looks like an end in order follows. */
    public void fail(ApiError error) {
        try {
            sendLast(form.of(error));
        } catch (GoneException e) {
            return; // nobody is there to be told
        }
    }

    /**
     * Ends a stream of a server that ends, while whoever sends still waits for what to send: the client is told, and nothing is sent
     * any more. A piece that is on its way is left alone. Never waits.
     */
    void shutDown() {
        lock.lock();
        try {
            if (writing || ended || failure != null) {
                return;
            }
            ended = true;
            failure = new EofException("the server ends");
            begin();
        } finally {
            lock.unlock();
        }
        finish(event(form.of(ApiError.shuttingDown())), null);
    }

    /** The same, and gives up a client that does not read. */
    void abort() {
        shutDown();
        failed(new TimeoutException("the server ends"));
    }

    private void sendBytes(byte[] bytes) throws GoneException {
        lock.lock();
        try {
            awaitIdle();
            begin();
        } finally {
            lock.unlock();
        }
        write(false, bytes);
    }

    private void begin() {
        writing = true;
        lastWrite = System.nanoTime();
    }

    private void awaitIdle() throws GoneException {
        long left = patienceNanos;
        try {
            while (writing && failure == null) {
                if (left <= 0) {
                    failure = new TimeoutException("nothing was read for too long");
                    break;
                }
                left = idle.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            failure = e;
        }
        if (failure != null) {
            throw new GoneException(failure);
        }
    }

    private void write(boolean last, byte[] bytes) {
        response.write(last, ByteBuffer.wrap(bytes), Callback.from(this::written, this::failed));
    }

    private void written() {
        lock.lock();
        try {
            writing = false;
            idle.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void failed(Throwable cause) {
        Runnable action;
        lock.lock();
        try {
            writing = false;
            failure = failure == null ? cause : failure;
            action = whenGone;
            idle.signalAll();
        } finally {
            lock.unlock();
        }
        if (action != null) {
            executor.execute(action); // this may be a thread that reads and writes for all
        }
    }

    /** Sends a comment if nothing has been sent for so long; never waits. */
    void ping(long quietNanos) {
        if (!lock.tryLock()) {
            return; // somebody is about to send
        }
        try {
            if (writing || ended || failure != null || System.nanoTime() - lastWrite < quietNanos) {
                return;
            }
            begin();
        } finally {
            lock.unlock();
        }
        write(false, COMMENT);
    }

    /** Ends the stream in order, or by closing the connection if the client does not read. */
    public void end() {
        Throwable cause;
        lock.lock();
        try {
            if (ended) {
                return;
            }
            ended = true;
            try {
                awaitIdle();
            } catch (GoneException e) {
                // told below
            }
            cause = failure;
        } finally {
            lock.unlock();
        }
        finish(new byte[0], cause);
    }

    private void finish(byte[] last, @Nullable Throwable cause) {
        beforeLast.run();
        watch.close();
        if (cause == null && watch.hasMore()) {
            response.write(
                    true,
                    ByteBuffer.wrap(last),
                    Callback.from(
                            () -> callback.failed(new EofException("the client did not wait")), callback::failed));
        } else if (cause == null) {
            response.write(true, ByteBuffer.wrap(last), callback);
        } else {
            AccessLog.markCut(request);
            callback.failed(cause);
        }
    }

    boolean hasEnded() {
        lock.lock();
        try {
            return ended;
        } finally {
            lock.unlock();
        }
    }
}
