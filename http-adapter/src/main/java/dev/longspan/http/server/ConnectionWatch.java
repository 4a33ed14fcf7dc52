package dev.longspan.http.server;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantLock;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.io.AbstractEndPoint;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * Notices that a client has gone while nothing is sent to it. Between a request of HTTP/1 and the end of its answer nobody reads the
 * connection, so that its end is not seen; here it is read until this is closed, which must be before the answer ends. A client
 * that sends its next request early loses it: the connection then ends with this answer, and clients send the request again.
 */
public final class ConnectionWatch implements AutoCloseable {
    private final Response response;
    private final Runnable whenGone;
    private final @Nullable AbstractEndPoint endPoint;
    private final Callback readable = Callback.from(this::onReadable, this::onFailure);
    private final ReentrantLock lock = new ReentrantLock();
    private boolean over;
    private boolean early;

    private ConnectionWatch(Request request, Response response, Runnable whenGone) {
        this.response = response;
        this.whenGone = whenGone;
        boolean plain =
                request.getConnectionMetaData().getHttpVersion().getVersion() <= HttpVersion.HTTP_1_1.getVersion();
        this.endPoint =
                plain && request.getConnectionMetaData().getConnection().getEndPoint() instanceof AbstractEndPoint point
                        ? point
                        : null;
    }

    /** Begins to watch a request whose body has been read whole. */
    static ConnectionWatch begin(Request request, Response response, Runnable whenGone) {
        ConnectionWatch watch = new ConnectionWatch(request, response, whenGone);
        request.addFailureListener(failure -> watch.gone());
        watch.listen();
        return watch;
    }

    private void listen() {
        lock.lock();
        try {
            if (!over && endPoint != null) {
                endPoint.tryFillInterested(readable);
            }
        } finally {
            lock.unlock();
        }
    }

    private void onReadable() {
        boolean gone = false;
        lock.lock();
        try {
            if (over || endPoint == null) {
                return;
            }
            int count = endPoint.fill(ByteBuffer.allocate(1024).limit(0));
            if (count > 0) {
                early = true; // what came cannot be given back
                if (!response.isCommitted()) {
                    response.getHeaders().put(HttpHeader.CONNECTION, "close");
                }
                return;
            }
            gone = count < 0;
            if (!gone) {
                endPoint.tryFillInterested(readable);
            }
        } catch (IOException e) {
            gone = true;
        } finally {
            lock.unlock();
        }
        if (gone) {
            gone();
        }
    }

    private void onFailure(Throwable failure) {
        if (endPoint != null && !endPoint.isOpen()) {
            gone();
        }
    }

    private void gone() {
        lock.lock();
        try {
            if (over) {
                return;
            }
            over = true;
        } finally {
            lock.unlock();
        }
        whenGone.run();
    }

    /** {@return whether the client has sent more, which is lost, so that the connection must end with this answer} */
    boolean hasMore() {
        lock.lock();
        try {
            return early;
        } finally {
            lock.unlock();
        }
    }

    /** Ends the watching: the connection is the server's again. */
    @Override
    public void close() {
        lock.lock();
        try {
            over = true;
            if (endPoint != null && endPoint.isFillInterested()) {
                endPoint.getFillInterest().onFail(new IOException("the answer begins"));
            }
        } finally {
            lock.unlock();
        }
    }
}
