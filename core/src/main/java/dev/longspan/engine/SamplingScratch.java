package dev.longspan.engine;

/** Arrays that one thread's samplers share, so that choosing a token allocates nothing. */
final class SamplingScratch {
    /** Into how many parts the range of weights is cut. */
    static final int BUCKETS = 4096;

    private float[] row = new float[0];
    private long[] keys = new long[0];
    private double[] weights = new double[0];
    private final double[] masses = new double[BUCKETS];

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

    /** {@return room for a weight of each token} */
    double[] weights(int vocabularySize) {
        if (weights.length < vocabularySize) {
            weights = new double[vocabularySize];
        }
        return weights;
    }

    /** {@return room for the sum of the weights in each part of their range} */
    double[] masses() {
        return masses;
    }
}
