package dev.longspan.http;

import dev.longspan.InvalidRequestException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Reads files with keys. */
final class KeyFiles {
    /** Some editors begin a file of UTF-8 with these bytes. */
    private static final String MARK = "\u00EF\u00BB\u00BF";

    private KeyFiles() {}

    /** Clients cannot send other characters, or send them in several ways: such a key would never open anything. */
    private static void requirePlain(String key, int line, Path file) {
        if (!Ranges.isPlain(key)) {
            throw new InvalidRequestException(
                    "apiKeyFile",
                    "expected keys of printable ASCII characters in " + file + ", found another one in line " + line);
        }
    }

    /** {@return the keys of a file, one a line; empty lines and those that begin with {@code #} are none} */
    static List<String> keys(Path file) {
        List<String> keys = new ArrayList<>();
        try {
            int number = 0;
            for (String line : Files.readAllLines(file, StandardCharsets.ISO_8859_1)) { // a byte is a character
                number++;
                String key = line.replace(MARK, "").strip();
                if (!key.isEmpty() && !key.startsWith("#")) {
                    requirePlain(key, number, file);
                    if (key.length() < Ranges.SHORTEST_KEY) {
                        throw new InvalidRequestException(
                                "apiKeyFile",
                                "expected keys of at least " + Ranges.SHORTEST_KEY + " characters in " + file
                                        + ", found one of " + key.length() + " in line " + number);
                    }
                    keys.add(key);
                }
            }
        } catch (IOException e) {
            throw new InvalidRequestException("apiKeyFile", "cannot read " + file + ": " + e);
        }
        if (keys.isEmpty()) {
            throw new InvalidRequestException("apiKeyFile", "expected a key in " + file + ", found none");
        }
        return keys;
    }

    /** Refuses a certificate's file that cannot be read or has no private key, before anything else is done. */
    static void requireKeyStore(Path file, String password) {
        boolean found = false;
        try {
            KeyStore store = KeyStore.getInstance(file.toFile(), password.toCharArray());
            for (String alias : Collections.list(store.aliases())) {
                found |= store.getKey(alias, password.toCharArray()) instanceof PrivateKey;
            }
        } catch (IOException | GeneralSecurityException | IllegalArgumentException e) {
            throw new InvalidRequestException("tls", "cannot read the key store " + file + ": " + e.getMessage());
        }
        if (!found) {
            throw new InvalidRequestException(
                    "tls", "expected a private key in the key store " + file + ", found none");
        }
    }
}
