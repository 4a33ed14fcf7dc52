package dev.longspan.engine;

import java.util.Arrays;

/** A growing list of token ids. */
final class TokenList {
    private int[] ids = new int[64];
    private int size;

    void add(int id) {
        if (size == ids.length) {
            ids = Arrays.copyOf(ids, size * 2);
        }
        ids[size++] = id;
    }

    void clear() {
        size = 0;
    }

    int size() {
        return size;
    }

    /** {@return the array that holds the ids; it may be longer, and changes with the list} */
    int[] array() {
        return ids;
    }
}
