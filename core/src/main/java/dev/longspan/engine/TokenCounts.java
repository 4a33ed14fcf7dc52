package dev.longspan.engine;

import java.util.Arrays;

/** How often each token occurs in an answer. */
final class TokenCounts {
    private int[] counts = new int[0];
    private int[] different = new int[16];
    private int size;

    void add(int id) {
        if (id >= counts.length) {
            counts = Arrays.copyOf(counts, Math.max(id + 1, counts.length * 2));
        }
        if (counts[id]++ == 0) {
            if (size == different.length) {
                different = Arrays.copyOf(different, size * 2);
            }
            different[size++] = id;
        }
    }

    /** {@return how many different tokens there are} */
    int size() {
        return size;
    }

    /** {@return one of the different tokens} */
    int id(int index) {
        return different[index];
    }

    int count(int id) {
        return counts[id];
    }
}
