package dev.longspan.reference.network;

import dev.longspan.reference.kernel.Kernels;
import dev.longspan.reference.memory.Page;
import dev.longspan.reference.memory.PageTable;
import dev.longspan.spi.AttentionHeads;
import java.util.Arrays;

/** {@code softmax(q · K / √D) V} over a run of positions. */
final class SoftmaxAttention {
    private final Kernels kernels;
    private final AttentionHeads heads;
    private final float scale;

    SoftmaxAttention(Kernels kernels, AttentionHeads heads) {
        this.kernels = kernels;
        this.heads = heads;
        this.scale = (float) (1 / Math.sqrt(heads.headSize()));
    }

    /**
     * Attends to the positions from {@code first} to {@code last}, both included.
     *
     * @param table keys and values
     * @param layer the index among the attention layers
     * @param head the query head
     * @param queries Q2 of all heads [H · D]
     * @param offset where they begin
     * @param first the first position
     * @param last the last position; below {@code first} there is nothing to attend to
     * @param scores scratch, at least as long as the run
     * @param output the result [D]
     * @param outputOffset where it begins
     * @return the natural logarithm of the sum of exponentials; −∞ for an empty run, whose output is zero
     */
    float attend(
            PageTable table,
            int layer,
            int head,
            float[] queries,
            int offset,
            int first,
            int last,
            float[] scores,
            float[] output,
            int outputOffset) {
        int size = heads.headSize();
        Arrays.fill(output, outputOffset, outputOffset + size, 0f);
        if (last < first) {
            return Float.NEGATIVE_INFINITY;
        }
        scores(table, layer, head, queries, offset, first, last, scores);
        int length = last - first + 1;
        float max = max(scores, length);
        double sum = exponentials(scores, length, max);
        weigh(table, layer, head / heads.group(), first, last, scores, output, outputOffset);
        float norm = (float) (1 / sum);
        for (int d = outputOffset; d < outputOffset + size; d++) {
            output[d] *= norm;
        }
        return (float) (max + Math.log(sum));
    }

    private void scores(
            PageTable table, int layer, int head, float[] queries, int offset, int first, int last, float[] scores) {
        int size = heads.headSize();
        int column = head / heads.group() * Page.TOKENS;
        Arrays.fill(scores, 0, last - first + 1, 0f);
        for (int position = first; position <= last; ) {
            int slot = position % Page.TOKENS;
            int run = Math.min(Page.TOKENS - slot, last - position + 1);
            float[][] keys = table.page(position / Page.TOKENS).keys(layer);
            kernels.accumulate(
                    queries, offset + head * size, size, keys, 0, column + slot, run, scores, position - first);
            position += run;
        }
    }

    private float max(float[] scores, int length) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < length; i++) {
            scores[i] *= scale;
            max = Math.max(max, scores[i]);
        }
        return max;
    }

    private static double exponentials(float[] scores, int length, float max) {
        double sum = 0;
        for (int i = 0; i < length; i++) {
            float exponential = (float) Math.exp(scores[i] - max);
            scores[i] = exponential;
            sum += exponential;
        }
        return sum;
    }

    private void weigh(
            PageTable table,
            int layer,
            int group,
            int first,
            int last,
            float[] weights,
            float[] output,
            int outputOffset) {
        int size = heads.headSize();
        for (int position = first; position <= last; ) {
            int slot = position % Page.TOKENS;
            int run = Math.min(Page.TOKENS - slot, last - position + 1);
            float[][] values = table.page(position / Page.TOKENS).values(layer);
            kernels.accumulate(weights, position - first, run, values, slot, group * size, size, output, outputOffset);
            position += run;
        }
    }
}
