package dev.longspan.http.server;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;

/** Names of requests, answers and traces. */
public final class Ids {
    private static final Pattern REQUEST_ID = Pattern.compile("[A-Za-z0-9._:-]{1,128}");
    private static final Pattern TRACE =
            Pattern.compile("00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})");
    private static final String ATTRIBUTE = "dev.longspan.request-id";
    private static final String TRACE_ATTRIBUTE = "dev.longspan.traceparent";
    private static final SecureRandom RANDOM = new SecureRandom();

    private Ids() {}

    /** {@return so many random hexadecimal digits} */
    public static String hex(int digits) {
        byte[] bytes = new byte[digits / 2];
        RANDOM.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    /** {@return so many random hexadecimal digits that nobody need be unable to guess} */
    public static String quickHex(int digits) {
        byte[] bytes = new byte[digits / 2];
        ThreadLocalRandom.current().nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    /** Names a request as its client does, or anew, and tells the client. */
    static void name(Request request, Response response) {
        String given = request.getHeaders().get("X-Request-Id");
        String id = given != null && REQUEST_ID.matcher(given).matches() ? given : newName();
        request.setAttribute(ATTRIBUTE, id);
        response.getHeaders().put("X-Request-Id", id);
        String parent = request.getHeaders().get("traceparent");
        var known = TRACE.matcher(parent == null ? "" : parent);
        String trace =
                known.matches() ? "00-" + known.group(1) + "-" + quickHex(16) + "-" + known.group(2) : newTrace();
        request.setAttribute(TRACE_ATTRIBUTE, trace);
        response.getHeaders().put("traceparent", trace);
    }

    /** {@return the name of a request whose client has given none} */
    static String newName() {
        return quickHex(32);
    }

    /** {@return the trace of a request that belongs to no other} */
    static String newTrace() {
        return "00-" + quickHex(32) + "-" + quickHex(16) + "-00";
    }

    /** {@return the name of a request} */
    static String of(Request request) {
        return String.valueOf(request.getAttribute(ATTRIBUTE));
    }

    /** {@return the trace of a request} */
    static String trace(Request request) {
        return String.valueOf(request.getAttribute(TRACE_ATTRIBUTE));
    }
}
