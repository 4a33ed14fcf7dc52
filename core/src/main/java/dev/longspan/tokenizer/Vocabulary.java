package dev.longspan.tokenizer;

import dev.longspan.spi.ModelLoadException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Tokens by id and ids by token; ids may leave gaps. Grows while a file is read and then stays as it is. */
final class Vocabulary {
    /** No published vocabulary comes near; a wrong id must not take all memory. */
    private static final int MAX_ID = (1 << 22) - 1;

    private @Nullable String[] tokens = new @Nullable String[1024];
    private final SecretHash hash = new SecretHash();
    private int[] slots = new int[4096];
    private int count;
    private int end;

    /**
     * Adds a token.
     *
     * @param key the place in tokenizer.json, for errors
     * @throws ModelLoadException if the id is out of range or taken, or the token is there already
     */
    void add(String token, long id, String key) {
        if (id < 0 || id > MAX_ID) {
            throw fault(key, "expected an id in 0.." + MAX_ID + ", found " + id + " for the token " + token);
        }
        if (LoneSurrogates.in(token)) {
            throw fault(key, "the token with the id " + id + " holds half of a surrogate pair");
        }
        int index = (int) id;
        if (index < end && tokens[index] != null) {
            throw fault(key, "the id " + id + " belongs to two tokens: " + tokens[index] + " and " + token);
        }
        if (count * 2 >= slots.length) {
            rehash();
        }
        int slot = slot(token);
        if (slots[slot] != 0) {
            throw fault(key, "the token " + token + " is there twice");
        }
        if (index >= tokens.length) {
            tokens = Arrays.copyOf(tokens, Math.max(tokens.length * 2, index + 1));
        }
        tokens[index] = token;
        slots[slot] = index + 1;
        end = Math.max(end, index + 1);
        count++;
    }

    private static ModelLoadException fault(String key, String problem) {
        return new ModelLoadException("tokenizer.json", key, problem);
    }

    private void rehash() {
        slots = new int[slots.length * 2];
        for (int id = 0; id < end; id++) {
            String token = tokens[id];
            if (token != null) {
                slots[slot(token)] = id + 1;
            }
        }
    }

    /** {@return the slot that holds a token, or the free one where it would go} */
    private int slot(String token) {
        int mask = slots.length - 1;
        int slot = hash.of(token) & mask;
        while (slots[slot] != 0 && !token.equals(tokens[slots[slot] - 1])) {
            slot = slot + 1 & mask;
        }
        return slot;
    }

    /** {@return the id of a token, or -1} */
    int id(String token) {
        return slots[slot(token)] - 1;
    }

    /** {@return the token with an id, or null if there is none} */
    @Nullable
    String token(int id) {
        return id >= 0 && id < end ? tokens[id] : null;
    }

    /** {@return one more than the largest id} */
    int end() {
        return end;
    }
}
