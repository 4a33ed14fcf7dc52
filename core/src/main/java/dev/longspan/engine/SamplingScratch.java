package dev.longspan.engine;

/** Arrays that one thread's samplers share, so that choosing a token allocates nothing. */
final class SamplingScratch {
    private float[] row = new float[0];
    private long[] keys = new long[0];

    /** {@return room for a row of logits} */
    float[] row(int vocabularySize) {
        if (row.length < vocabularySize) {
            row = new float[vocabularySize];
        }
        return row;
    }

    /** {@return room for a number of each token} */
    long[] keys(int vocabularySize) {
        if (keys.length < vocabularySize) {
            keys = new long[vocabularySize];
        }
        return keys;
    }
}
