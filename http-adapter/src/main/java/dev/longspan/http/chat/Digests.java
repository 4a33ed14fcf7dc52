package dev.longspan.http.chat;

import dev.longspan.http.wire.Fields;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Set;
import java.util.TreeSet;

/** Tells requests apart. */
public final class Digests {
    /** How the answer is wanted is not what is asked, and a session may be named elsewhere. */
    private static final Set<String> NOT_ASKED = Set.of("stream", "stream_options", "session_id");

    private Digests() {}

    /**
     * {@return what two turns of a session have in common only if they ask the same}
     *
     * @param kind what is done with the body
     */
    public static byte[] of(String kind, Fields body) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update((kind + "\n").getBytes(StandardCharsets.UTF_8));
            for (String name : new TreeSet<>(body.names())) {
                if (!NOT_ASKED.contains(name)) {
                    digest.update((name + "=" + body.raw(name) + "\n").getBytes(StandardCharsets.UTF_8));
                }
            }
            return digest.digest();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
