package dev.longspan.http.server;

import dev.longspan.http.wire.ApiError;
import dev.longspan.http.wire.Json;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.ssl.SslConnection;
import org.eclipse.jetty.server.ConnectionMetaData;
import org.eclipse.jetty.util.Callback;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends connections on which the head of a request does not arrive in time: each byte of it starts Jetty's own clock anew, so that a
 * client that sends a byte now and then would keep its connection for ever. Bodies have a clock of their own.
 */
final class SlowHeads implements Connection.Listener, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SlowHeads.class);

    private final long patienceNanos;
    private final AccessLog log;
    private final Map<Connection, Head> heads = new ConcurrentHashMap<>();
    private final ScheduledFuture<?> looks;

    /**
     * A head that has begun.
     *
     * @param messages how many requests had come before
     * @param bytes how much had been read when there was no request
     * @param since since when
     */
    private record Head(long messages, long bytes, long since) {}

    SlowHeads(Duration patience, ScheduledExecutorService timer, AccessLog log) {
        this.patienceNanos = patience.toNanos();
        this.log = log;
        this.looks = timer.scheduleWithFixedDelay(this::look, 1, 1, TimeUnit.SECONDS);
    }

    private static byte[] answer(String id, String trace) {
        ApiError error =
                new ApiError(408, ApiError.Type.TIMEOUT, "head_timeout", null, "the request did not arrive in time");
        byte[] body = Json.bytes(error.body());
        String head = "HTTP/1.1 408 Request Timeout\r\nContent-Type: application/json\r\nContent-Length: " + body.length
                + "\r\nX-Request-Id: " + id + "\r\ntraceparent: " + trace + "\r\nConnection: close\r\n\r\n";
        return (head + new String(body, StandardCharsets.UTF_8)).getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public void onOpened(Connection connection) {
        if (!(connection instanceof SslConnection)) { // the one within is told of, too
            heads.put(connection, new Head(connection.getMessagesIn(), connection.getBytesIn(), System.nanoTime()));
        }
    }

    @Override
    public void onClosed(Connection connection) {
        heads.remove(connection);
    }

    private void look() {
        long now = System.nanoTime();
        heads.forEach((connection, head) -> {
            try {
                look(connection, head, now);
            } catch (RuntimeException e) { // what fails on one connection must not end the looks at the others
                LOG.warn("a connection cannot be looked at", e);
                heads.remove(connection);
            }
        });
    }

    private void look(Connection connection, Head head, long now) {
        boolean idle = connection.getMessagesIn() == connection.getMessagesOut();
        boolean begun = connection.getMessagesIn() == head.messages && connection.getBytesIn() > head.bytes;
        if (!idle || !begun) {
            heads.replace(connection, head, new Head(connection.getMessagesIn(), connection.getBytesIn(), now));
        } else if (now - head.since > patienceNanos) {
            heads.remove(connection);
            end(connection, now - head.since);
        }
    }

    private void end(Connection connection, long nanos) {
        String id = Ids.newName();
        String trace = Ids.newTrace();
        if (connection instanceof ConnectionMetaData known) {
            log.late(known, id, trace, TimeUnit.NANOSECONDS.toMillis(nanos));
        }
        // not the connection itself, which would answer, too, if it is in the midst of a head
        EndPoint end = connection.getEndPoint();
        end.write(Callback.from(end::close), ByteBuffer.wrap(answer(id, trace)));
    }

    @Override
    public void close() {
        looks.cancel(false);
    }
}
