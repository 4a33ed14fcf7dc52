package dev.longspan.http.server;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.server.ConnectionMetaData;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.RequestLog;
import org.eclipse.jetty.server.Response;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A line for each request: nothing of its content, and no key. */
final class AccessLog implements RequestLog {
    private static final Logger LOG = LoggerFactory.getLogger("dev.longspan.http.access");

    private static final Set<String> METHODS = Set.of("GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS", "PUT");

    private static final String CUT = AccessLog.class.getName() + ".cut";
    private static final String LATE = AccessLog.class.getName() + ".late";
    private static final int LATE_STATUS = 408;

    private final ServerMetrics metrics;

    AccessLog(ServerMetrics metrics) {
        this.metrics = metrics;
    }

    /** Says that the answer to a request did not leave whole. */
    static void markCut(Request request) {
        request.setAttribute(CUT, true);
    }

    /**
     * Tells of a request whose head did not arrive in time.
     *
     * @param connection ends, of which nothing more is told: what has come of a head is no request
     */
    void late(ConnectionMetaData connection, String id, String trace, long millis) {
        connection.setAttribute(LATE, true);
        metrics.answered("other", LATE_STATUS, false);
        LOG.info(
                "{} - - {} {} ms request {} trace {}",
                host(connection.getRemoteSocketAddress()),
                LATE_STATUS,
                millis,
                id,
                trace);
    }

    private static String host(SocketAddress address) {
        return address instanceof InetSocketAddress inet ? inet.getHostString() : "-";
    }

    @Override
    public void log(Request request, Response response) {
        if (request.getConnectionMetaData().getAttribute(LATE) != null) {
            return;
        }
        boolean cut = request.getAttribute(CUT) != null;
        metrics.answered(
                METHODS.contains(request.getMethod()) ? request.getMethod() : "other", response.getStatus(), cut);
        if (LOG.isInfoEnabled()) {
            long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - request.getBeginNanoTime());
            LOG.info(
                    "{} {} {} {} {} bytes{} {} ms request {} trace {}",
                    Request.getRemoteAddr(request),
                    request.getMethod(),
                    clean(request.getHttpURI().getPath()),
                    response.getStatus(),
                    Response.getContentBytesWritten(response),
                    cut ? " cut" : "",
                    millis,
                    Ids.of(request),
                    Ids.trace(request));
        }
    }

    private static String clean(@Nullable String path) {
        String shown = path == null ? "-" : path.replaceAll("[^\\x21-\\x7e]", "?");
        return shown.length() <= 200 ? shown : shown.substring(0, 200) + "...";
    }
}
