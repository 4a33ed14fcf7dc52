package dev.longspan.http.server;

import dev.longspan.http.wire.ApiError;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;

/** The keys that open the server. They are compared by their hashes, all of them each time, so that time tells nothing. */
final class Keys {
    private static final String BEARER = "Bearer ";

    private final List<byte[]> hashes = new ArrayList<>();

    Keys(Set<String> keys) {
        keys.forEach(key -> hashes.add(hash(key)));
    }

    private static byte[] hash(String key) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static @Nullable String given(Request request) {
        String bearer = request.getHeaders().get(HttpHeader.AUTHORIZATION);
        if (bearer != null && bearer.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
            return bearer.substring(BEARER.length()).strip();
        }
        return request.getHeaders().get("X-Api-Key");
    }

    /**
     * {@return which key a request has, for counting; empty where none is needed}
     *
     * @throws ApiError if it has none that is valid
     */
    String require(Request request) {
        if (hashes.isEmpty()) {
            return "";
        }
        String given = given(request);
        byte[] hash = hash(given == null ? "" : given);
        int found = -1;
        for (int i = 0; i < hashes.size(); i++) {
            found = MessageDigest.isEqual(hashes.get(i), hash) ? i : found;
        }
        if (given == null || found < 0) {
            throw new ApiError(
                            401,
                            ApiError.Type.AUTHENTICATION,
                            given == null ? "missing_api_key" : "invalid_api_key",
                            null,
                            given == null
                                    ? "expected an API key in the header Authorization (Bearer …) or X-Api-Key"
                                    : "the API key is not valid")
                    .header("WWW-Authenticate", "Bearer");
        }
        return "key " + found;
    }
}
