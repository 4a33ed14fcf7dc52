package dev.longspan.http.server;

import dev.longspan.http.wire.ApiError;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.jspecify.annotations.Nullable;

/**
 * Which web pages may use the server: its own, and those that a setting names. Programs other than browsers tell no origin, and are
 * not looked at.
 */
final class Origins {
    private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");

    /** A URI's host may not have an underscore, which names that are allowed may. */
    private static final Pattern ORIGIN = Pattern.compile("(?i)https?://(\\[[0-9a-f:.]+]|[a-z0-9._-]+)(:\\d+)?");

    private static final Pattern NAMES = Pattern.compile("[A-Za-z0-9_, -]{1,2000}");

    private final List<String> allowed;
    private final boolean loopback;
    private final Set<String> hosts;
    private final boolean guarded;

    Origins(Settings settings) {
        this.allowed = settings.origins();
        this.loopback = LOOPBACK.contains(settings.host()) || settings.host().equals("::1");
        this.hosts = settings.allowedHosts();
        this.guarded = loopback && settings.keys().isEmpty();
    }

    /**
     * Looks at the origin, and sets the headers that a page of another origin needs.
     *
     * @return whether it was a browser's question beforehand, which has no other answer
     * @throws ApiError if the page may not use the server
     */
    boolean answer(Request request, Response response) {
        requireHost(request);
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
                .put(
                        "Access-Control-Expose-Headers",
                        "X-Request-Id, X-Session-Seq, X-Replayed, X-Ignored-Fields, Retry-After, x-should-retry, traceparent");
        if (!request.getMethod().equals("OPTIONS")) {
            return false;
        }
        response.getHeaders().put("Access-Control-Allow-Methods", "GET, POST, PATCH, DELETE");
        String asked = request.getHeaders().get("Access-Control-Request-Headers");
        if (asked != null && NAMES.matcher(asked).matches()) {
            response.getHeaders().put("Access-Control-Allow-Headers", asked);
        }
        response.getHeaders().put("Access-Control-Max-Age", "600");
        return true;
    }

    /**
     * A page may have its own name point at this machine and then read what is served here without a key, as its own: only names
     * that mean this machine are answered to, and those that a setting allows.
     */
    private void requireHost(Request request) {
        String host = request.getHeaders().get(HttpHeader.HOST);
        if (!guarded || host == null) {
            return;
        }
        int port = host.lastIndexOf(':');
        String name = port > host.lastIndexOf(']') ? host.substring(0, port) : host;
        if (!LOOPBACK.contains(name.toLowerCase(Locale.ROOT)) && !hosts.contains(name.toLowerCase(Locale.ROOT))) {
            throw new ApiError(
                    403,
                    ApiError.Type.AUTHENTICATION,
                    "host_not_allowed",
                    null,
                    "this server answers to localhost only: allow other names, or use keys");
        }
    }

    /**
     * Its own page; a name that merely points at this machine is none while only this machine is served. Under an allowed name the page
     * may come by way of a proxy, which has a port of its own, speaks HTTPS, and may ask with another name.
     */
    private boolean isOwn(String origin, Request request) {
        String name = host(origin);
        if (name != null && hosts.contains(name)) {
            return true;
        }
        String host = request.getHeaders().get(HttpHeader.HOST);
        String scheme = request.isSecure() ? "https://" : "http://";
        return host != null
                && origin.equalsIgnoreCase(scheme + host)
                && (!loopback || (name != null && LOOPBACK.contains(name)));
    }

    /** {@return the host of a page, in lower case; null if none is told} */
    private static @Nullable String host(String origin) {
        Matcher known = ORIGIN.matcher(origin);
        return known.matches() ? known.group(1).toLowerCase(Locale.ROOT) : null;
    }
}
