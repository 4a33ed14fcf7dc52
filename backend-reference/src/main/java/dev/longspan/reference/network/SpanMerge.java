package dev.longspan.reference.network;

/** Joins window and spans: {@code O = Σ_j g_j O_j}, each O_j merged from window and span j by log-sum-exp. */
final class SpanMerge {
    private SpanMerge() {}

    /**
     * Computes the gates, the softmax of the anchors' scores.
     *
     * @param scores the scores; −∞ for a missing anchor
     * @param offset where they begin
     * @param spans how many
     * @param gates the result, 0 for a missing anchor
     * @return whether there is an anchor at all
     */
    static boolean gates(float[] scores, int offset, int spans, float[] gates) {
        float max = Float.NEGATIVE_INFINITY;
        for (int j = 0; j < spans; j++) {
            max = Math.max(max, scores[offset + j]);
        }
        if (max == Float.NEGATIVE_INFINITY) {
            return false;
        }
        float sum = 0;
        for (int j = 0; j < spans; j++) {
            gates[j] = (float) Math.exp(scores[offset + j] - max);
            sum += gates[j];
        }
        for (int j = 0; j < spans; j++) {
            gates[j] /= sum;
        }
        return true;
    }

    /**
     * Adds one span, merged with the window and times its gate, to the output.
     *
     * @param gate the span's gate
     * @param window the window's output
     * @param windowOffset where it begins
     * @param windowLog the window's log-sum-exp
     * @param span the span's output
     * @param spanOffset where it begins
     * @param spanLog the span's log-sum-exp
     * @param output what is added to
     * @param offset where it begins
     * @param size D
     */
    static void add(
            float gate,
            float[] window,
            int windowOffset,
            float windowLog,
            float[] span,
            int spanOffset,
            float spanLog,
            float[] output,
            int offset,
            int size) {
        float max = Math.max(windowLog, spanLog);
        if (max == Float.NEGATIVE_INFINITY) {
            return;
        }
        float a = (float) Math.exp(windowLog - max);
        float b = (float) Math.exp(spanLog - max);
        float windowShare = gate * (a / (a + b));
        float spanShare = gate * (b / (a + b));
        for (int d = 0; d < size; d++) {
            output[offset + d] += windowShare * window[windowOffset + d] + spanShare * span[spanOffset + d];
        }
    }
}
