package dev.longspan.reference.kernel;

/**
 * The loops that take nearly all the time.
 *
 * <p>Every implementation gives the same bits: each output is one sum in a fixed order, every product is rounded before
 * it is added. Weights, keys, values and states come as one array per row, so that a loop over a row's elements runs over
 * different arrays with one index, which is the form that the compiler vectorises.
 */
public interface Kernels {
    /**
     * Computes columns of a matrix product: {@code y[r][n] = Σ_k x[r][k] · w[k][n]}, k ascending.
     *
     * @param x the inputs, by row
     * @param y the outputs, by row
     * @param firstRow the first row
     * @param lastRow behind the last row
     * @param w the matrix, one array per input
     * @param from the first column
     * @param to behind the last column
     */
    void product(float[][] x, float[][] y, int firstRow, int lastRow, float[][] w, int from, int to);

    /**
     * Adds weighted rows: {@code y[yOffset + i] += Σ_k x[xOffset + k] · rows[firstRow + k][offset + i]}, k ascending, for
     * i from 0 to {@code length - 1}.
     *
     * @param x the weights
     * @param xOffset the index of the first weight
     * @param count how many rows
     * @param rows the rows
     * @param firstRow the first of them
     * @param offset where the rows' part begins
     * @param length how long it is
     * @param y the sums
     * @param yOffset where they begin
     */
    void accumulate(
            float[] x,
            int xOffset,
            int count,
            float[][] rows,
            int firstRow,
            int offset,
            int length,
            float[] y,
            int yOffset);

    /**
     * One step of the state space recurrence: {@code s[n][i] = s[n][i] · decay[i] + u[i] · b[n]} and
     * {@code y[i] = Σ_n s[n][i] · c[n]}, n ascending, for i from {@code from} to {@code to - 1}.
     *
     * @param s the state, one array per n
     * @param from the first column
     * @param to behind the last column
     * @param decay what each column keeps
     * @param u the input
     * @param bc the array that holds b and c
     * @param b where b begins
     * @param c where c begins
     * @param y the output
     */
    void scan(float[][] s, int from, int to, float[] decay, float[] u, float[] bc, int b, int c, float[] y);
}
