package dev.longspan.reference.network;

import dev.longspan.reference.memory.ArrayBytes;

/**
 * A weight matrix [outputs, inputs], kept transposed: one array of outputs for each input, so that a product is a sum of
 * rows. An array per input also means that no matrix is too large for the indices of Java.
 */
final class Matrix {
    private final float[][] rows;

    private Matrix(float[][] rows) {
        this.rows = rows;
    }

    /** The weights, [inputs][outputs]. */
    float[][] rows() {
        return rows;
    }

    static Matrix allocate(int outputs, int inputs) {
        return new Matrix(new float[inputs][outputs]);
    }

    static long bytes(long outputs, long inputs) {
        return ArrayBytes.of(inputs, outputs);
    }

    int inputs() {
        return rows.length;
    }

    int outputs() {
        return rows[0].length;
    }

    /** Copies the weights of one output, which for embeddings is a token's row. */
    void copyOutput(int output, float[] target) {
        for (int k = 0; k < rows.length; k++) {
            target[k] = rows[k][output];
        }
    }
}
