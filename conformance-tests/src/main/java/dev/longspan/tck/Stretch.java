package dev.longspan.tck;

import java.util.Map;

/**
 * A stretch of a sequence that the {@link Oracle} computes, and how many of its last rows are wanted.
 *
 * <p>Where not all rows are wanted, no layer but the last may choose anchors or experts, and an attention layer that is the last
 * computes no other rows: that is how long sequences are affordable.
 *
 * @param ids the token ids, at least one
 * @param before the state before them, as an earlier result gave it; empty at the beginning
 * @param length how many tokens that state has absorbed
 * @param rows of how many of the last ids the logits are wanted
 */
@SuppressWarnings("ArrayRecordComponent") // lives as long as one rule, and the array is never written to
record Stretch(int[] ids, Map<String, double[]> before, int length, int rows) {
    static Stretch whole(int... ids) {
        return last(ids, ids.length);
    }

    static Stretch last(int[] ids, int rows) {
        return new Stretch(ids, Map.of(), 0, rows);
    }

    static Stretch behind(Map<String, double[]> before, int length, int... ids) {
        return new Stretch(ids, before, length, ids.length);
    }

    /** The position of a row, counted from the beginning of the sequence. */
    int position(int row) {
        return length + ids.length - rows + row;
    }
}
