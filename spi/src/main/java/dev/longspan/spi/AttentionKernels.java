package dev.longspan.spi;

/**
 * The functions of superlinear attention one by one, for direct use and for proof (rule A1).
 *
 * <p>All tensors are float32 arrays in row-major order: queries [rows, H, D], keys and values [tokens, G, D]. Row r is
 * the query at position {@code firstPosition + r}, and keys and values of all positions up to the last row's must be
 * there. The number of rows and tokens follows from the arrays' lengths. The arrays are not changed. Every method may be
 * called from any thread, and throws {@link IllegalArgumentException} when lengths do not fit together.
 */
public interface AttentionKernels {
    /**
     * Finds the anchors of each query: of the candidates {@code a(i) = t + 1 − f(i)}, i &gt; s, a(i) ≥ 0, the k with the best
     * score {@code c · Q1 · K[a(i)]}, best first. Among equal scores the older anchor wins.
     *
     * @param heads the sizes of the layer
     * @param geometry stripes and search scale
     * @param firstPosition the position of row 0
     * @param searchQueries Q1 [rows, H, D]
     * @param keys K [tokens, G, D]
     * @return the anchors of each row and head
     */
    Anchors search(AttentionHeads heads, SpanGeometry geometry, int firstPosition, float[] searchQueries, float[] keys);

    /**
     * Attends to the window {@code [windowStart, t]} with scale 1/√D.
     *
     * @param heads the sizes of the layer
     * @param geometry the window's length
     * @param firstPosition the position of row 0
     * @param queries Q2 [rows, H, D]
     * @param keys K [tokens, G, D]
     * @param values V [tokens, G, D]
     * @return output [rows, H, D] and log-sum-exp [rows, H]; zeros and −∞ where the window is empty
     */
    PartialAttention window(
            AttentionHeads heads,
            SpanGeometry geometry,
            int firstPosition,
            float[] queries,
            float[] keys,
            float[] values);

    /**
     * Attends to each span alone with scale 1/√D.
     *
     * @param heads the sizes of the layer
     * @param spans k, the number of spans of each row and head
     * @param queries Q2 [rows, H, D]
     * @param keys K [tokens, G, D]
     * @param values V [tokens, G, D]
     * @param starts the first position of each span [rows, H, k]; −1 for a missing one
     * @param ends the last position of each span, inclusive [rows, H, k]; −1 for a missing one
     * @return output [rows, H, k, D] and log-sum-exp [rows, H, k]; zeros and −∞ where a span is missing or empty
     */
    PartialAttention spans(
            AttentionHeads heads, int spans, float[] queries, float[] keys, float[] values, int[] starts, int[] ends);

    /**
     * Joins window and spans: each span's output is merged with the window's by their log-sum-exp, and the results are
     * weighted with the softmax of the kept anchors' scores. With no anchor at all the result is the window's.
     *
     * @param heads the sizes of the layer
     * @param spans k, the number of spans of each row and head
     * @param window what {@link #window} gave
     * @param spanOutputs what {@link #spans} gave
     * @param scores the anchors' scores [rows, H, k]; −∞ for a missing one
     * @return the output [rows, H, D]; zeros where there is neither window nor span
     */
    float[] merge(
            AttentionHeads heads, int spans, PartialAttention window, PartialAttention spanOutputs, float[] scores);

    /**
     * The whole function: search, spans, window and merge.
     *
     * @param heads the sizes of the layer
     * @param geometry stripes, window, spans and search scale
     * @param firstPosition the position of row 0
     * @param searchQueries Q1 [rows, H, D]
     * @param queries Q2 [rows, H, D]
     * @param keys K [tokens, G, D]
     * @param values V [tokens, G, D]
     * @return the output [rows, H, D]
     */
    float[] attend(
            AttentionHeads heads,
            SpanGeometry geometry,
            int firstPosition,
            float[] searchQueries,
            float[] queries,
            float[] keys,
            float[] values);
}
