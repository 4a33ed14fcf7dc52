package dev.longspan.http.server;

import dev.longspan.http.wire.ApiError;
import java.net.URI;
import java.util.List;
import java.util.Set;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;

/**
 * Which web pages may use the server: its own, and those that a setting names. Programs other than browsers tell no origin, and are
 * not looked at.
 */
final class Origins {
    private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");

    private final List<String> allowed;
    private final boolean loopback;

    Origins(Settings settings) {
        this.allowed = settings.origins();
        this.loopback = LOOPBACK.contains(settings.host()) || settings.host().equals("::1");
    }

    /**
     * Looks at the origin, and sets the headers that a page of another origin needs.
     *
     * @return whether it was a browser's question beforehand, which has no other answer
     * @throws ApiError if the page may not use the server
     */
    boolean answer(Request request, Response response) {
        String origin = request.getHeaders().get(HttpHeader.ORIGIN);
        if (origin == null || isOwn(origin, request)) {
            return false;
        }
        if (!allowed.contains("*") && !allowed.contains(origin)) {
            throw new ApiError(
                    403,
                    ApiError.Type.AUTHENTICATION,
                    "origin_not_allowed",
                    null,
                    "pages of this origin may not use this server");
        }
        response.getHeaders().put("Access-Control-Allow-Origin", origin);
        response.getHeaders().add(HttpHeader.VARY, "Origin");
        response.getHeaders()
                .put("Access-Control-Expose-Headers", "X-Request-Id, X-Session-Seq, X-Ignored-Fields, Retry-After");
        if (!request.getMethod().equals("OPTIONS")) {
            return false;
        }
        response.getHeaders().put("Access-Control-Allow-Methods", "GET, POST, PATCH, DELETE");
        response.getHeaders()
                .put(
                        "Access-Control-Allow-Headers",
                        "Authorization, X-Api-Key, Content-Type, X-Session-Id, Idempotency-Key, X-Request-Id");
        response.getHeaders().put("Access-Control-Max-Age", "600");
        return true;
    }

    /** Its own page; a name that merely points at this machine is none while only this machine is served. */
    private boolean isOwn(String origin, Request request) {
        String host = request.getHeaders().get(HttpHeader.HOST);
        String scheme = request.isSecure() ? "https://" : "http://";
        if (host == null || !origin.equalsIgnoreCase(scheme + host)) {
            return false;
        }
        try {
            String name = URI.create(origin).getHost();
            return !loopback || (name != null && LOOPBACK.contains(name));
        } catch (IllegalArgumentException e) {
            return false;
        }
    }
}
