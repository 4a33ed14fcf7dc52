package dev.longspan.reference.network;

import dev.longspan.reference.kernel.Kernels;
import dev.longspan.reference.memory.PageTable;
import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.SpanGeometry;
import java.util.Arrays;

/** Superlinear span attention of one query: search, window, spans, merge. */
final class SuperlinearAttention {
    private final AttentionHeads heads;
    private final SpanGeometry geometry;
    private final AnchorSearch search;
    private final SoftmaxAttention softmax;

    SuperlinearAttention(Kernels kernels, AttentionHeads heads, SpanGeometry geometry) {
        this.heads = heads;
        this.geometry = geometry;
        search = new AnchorSearch(kernels, heads, geometry);
        softmax = new SoftmaxAttention(kernels, heads);
    }

    /**
     * Computes some heads, all of one key/value head.
     *
     * @param table keys and values
     * @param layer the index among the attention layers
     * @param position the query's position t
     * @param firstHead the first query head
     * @param lastHead behind the last
     * @param searchQueries Q1 of all heads [H · D]
     * @param queries Q2 of all heads [H · D]
     * @param offset where both begin
     * @param scratch the thread's memory
     * @param output the result of all heads [H · D]
     * @param outputOffset where it begins
     */
    void attend(
            PageTable table,
            int layer,
            int position,
            int firstHead,
            int lastHead,
            float[] searchQueries,
            float[] queries,
            int offset,
            Scratch scratch,
            float[] output,
            int outputOffset) {
        search.search(table, layer, position, firstHead, lastHead, searchQueries, offset, scratch);
        int windowStart = geometry.windowStart(position);
        int size = heads.headSize();
        for (int h = firstHead; h < lastHead; h++) {
            float windowLog = softmax.attend(
                    table, layer, h, queries, offset, windowStart, position, scratch.scores, scratch.windowOutput, 0);
            int target = outputOffset + h * size;
            if (scratch.anchors[h - firstHead][0] < 0) {
                System.arraycopy(scratch.windowOutput, 0, output, target, size);
            } else {
                Arrays.fill(output, target, target + size, 0f);
                spans(table, layer, position, h, h - firstHead, queries, offset, windowLog, scratch, output, target);
            }
        }
    }

    private void spans(
            PageTable table,
            int layer,
            int position,
            int head,
            int slot,
            float[] queries,
            int offset,
            float windowLog,
            Scratch scratch,
            float[] output,
            int target) {
        int spans = geometry.parameters().spans();
        int backward = geometry.backward(position);
        int forward = geometry.forward(position);
        if (!SpanMerge.gates(scratch.anchorScores[slot], 0, spans, scratch.gates)) {
            // every score has overflowed: no finite answer exists
            Arrays.fill(scratch.gates, Float.NaN);
        }
        for (int j = 0; j < spans && scratch.anchors[slot][j] >= 0; j++) {
            int anchor = scratch.anchors[slot][j];
            int first = SpanGeometry.spanStart(anchor, backward);
            int last = geometry.spanEnd(position, anchor, forward);
            float spanLog = softmax.attend(
                    table, layer, head, queries, offset, first, last, scratch.scores, scratch.spanOutput, 0);
            SpanMerge.add(
                    scratch.gates[j],
                    scratch.windowOutput,
                    0,
                    windowLog,
                    scratch.spanOutput,
                    0,
                    spanLog,
                    output,
                    target,
                    heads.headSize());
        }
    }
}
