package dev.longspan.tokenizer;

import java.util.Arrays;
import java.util.BitSet;

/** What two neighbouring symbols merge to, and how early. Grows while a file is read and then stays as it is. */
final class MergeTable {
    /** No merge; later than any. */
    static final long NONE = Long.MAX_VALUE;

    private static final long FREE = -1;

    private final SecretHash hash = new SecretHash();
    private long[] pairs = new long[1024];
    private long[] merges = new long[1024];
    private int count;

    MergeTable() {
        Arrays.fill(pairs, FREE);
    }

    /** Adds a merge; a later one of the same pair replaces it. */
    void add(int left, int right, int rank, int merged) {
        if (count * 2 >= pairs.length) {
            grow();
        }
        put((long) left << 32 | right, (long) rank << 32 | merged);
    }

    private void put(long pair, long merge) {
        int slot = slot(pair);
        if (pairs[slot] == FREE) {
            count++;
        }
        pairs[slot] = pair;
        merges[slot] = merge;
    }

    private void grow() {
        long[] oldPairs = pairs;
        long[] oldMerges = merges;
        pairs = new long[oldPairs.length * 2];
        merges = new long[pairs.length];
        Arrays.fill(pairs, FREE);
        count = 0;
        for (int i = 0; i < oldPairs.length; i++) {
            if (oldPairs[i] != FREE) {
                put(oldPairs[i], oldMerges[i]);
            }
        }
    }

    private int slot(long pair) {
        int mask = pairs.length - 1;
        int slot = hash.of(pair) & mask;
        while (pairs[slot] != pair && pairs[slot] != FREE) {
            slot = slot + 1 & mask;
        }
        return slot;
    }

    /** Drops the merges that make one of these symbols. */
    void drop(BitSet symbols) {
        for (int i = 0; i < pairs.length; i++) {
            if (pairs[i] != FREE && symbols.get(merged(merges[i]))) {
                merges[i] = NONE;
            }
        }
    }

    /** {@return the merge of two symbols, the earlier the smaller, or {@link #NONE}} */
    long find(int left, int right) {
        int slot = slot((long) left << 32 | right);
        return pairs[slot] == FREE ? NONE : merges[slot];
    }

    /** {@return the symbol that a merge makes} */
    static int merged(long merge) {
        return (int) merge;
    }

    /** {@return how early a merge comes} */
    static int rank(long merge) {
        return (int) (merge >>> 32);
    }
}
