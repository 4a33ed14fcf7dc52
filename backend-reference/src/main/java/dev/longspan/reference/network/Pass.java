package dev.longspan.reference.network;

import dev.longspan.reference.memory.SequenceMemory;
import java.util.Arrays;

/** The tokens that go through the network together: a few rows of each of some sequences. Used again and again. */
public final class Pass {
    /** The most rows of one pass; larger batches are cut, which changes no result. */
    public static final int MAX_ROWS = 512;

    private final int[] ids = new int[MAX_ROWS];
    private final int[] segmentOfRow = new int[MAX_ROWS];
    private final SequenceMemory[] memories = new SequenceMemory[MAX_ROWS];
    private final int[] firstRow = new int[MAX_ROWS + 1];
    private int rows;
    private int segments;

    /** Empties the pass. */
    public void clear() {
        Arrays.fill(memories, 0, segments, null);
        rows = 0;
        segments = 0;
    }

    /**
     * Begins the rows of another sequence, which is not yet part of the pass.
     *
     * @param memory the sequence
     */
    public void begin(SequenceMemory memory) {
        memories[segments] = memory;
        firstRow[segments++] = rows;
        firstRow[segments] = rows;
    }

    /**
     * Adds a token to the sequence begun last.
     *
     * @param id the token's id
     */
    public void add(int id) {
        ids[rows] = id;
        segmentOfRow[rows++] = segments - 1;
        firstRow[segments] = rows;
    }

    /** {@return how many rows there are} */
    public int rows() {
        return rows;
    }

    int segments() {
        return segments;
    }

    int id(int row) {
        return ids[row];
    }

    SequenceMemory memory(int segment) {
        return memories[segment];
    }

    int firstRow(int segment) {
        return firstRow[segment];
    }

    int lastRow(int segment) {
        return firstRow[segment + 1];
    }

    int segmentOf(int row) {
        return segmentOfRow[row];
    }

    int position(int row) {
        int segment = segmentOfRow[row];
        return memories[segment].length() + row - firstRow[segment];
    }

    /** Counts the rows as absorbed by their sequences. */
    void advance() {
        for (int i = 0; i < segments; i++) {
            memories[i].advance(lastRow(i) - firstRow(i));
        }
    }

    int longest() {
        int longest = 0;
        for (int i = 0; i < segments; i++) {
            longest = Math.max(longest, memories[i].length() + lastRow(i) - firstRow(i));
        }
        return longest;
    }
}
