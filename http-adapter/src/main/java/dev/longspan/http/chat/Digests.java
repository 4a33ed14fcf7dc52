package dev.longspan.http.chat;

import dev.longspan.http.wire.Fields;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Set;
import java.util.TreeSet;

/** Tells requests apart. */
public final class Digests {
    /** How the answer is wanted is not what is asked. */
    private static final Set<String> FORM = Set.of("stream", "stream_options");

    private Digests() {}

    /** {@return what two bodies have in common only if they ask the same} */
    public static byte[] of(Fields body) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (String name : new TreeSet<>(body.names())) {
                if (!FORM.contains(name)) {
                    digest.update((name + "=" + body.raw(name) + "\n").getBytes(StandardCharsets.UTF_8));
                }
            }
            return digest.digest();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
