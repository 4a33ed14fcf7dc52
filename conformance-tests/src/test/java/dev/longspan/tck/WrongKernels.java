package dev.longspan.tck;

import dev.longspan.spi.Anchors;
import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.AttentionKernels;
import dev.longspan.spi.PartialAttention;
import dev.longspan.spi.SpanGeometry;
import java.util.Arrays;

/** Right kernels but for one thing: anchors come in the order of their positions. */
record WrongKernels(AttentionKernels right) implements AttentionKernels {
    @Override
    public Anchors search(AttentionHeads heads, SpanGeometry geometry, int first, float[] q, float[] keys) {
        Anchors anchors = right.search(heads, geometry, first, q, keys);
        int[] positions = anchors.positions().clone();
        int k = geometry.parameters().spans();
        for (int from = 0; from < positions.length; from += k) {
            Arrays.sort(positions, from, from + k);
        }
        return new Anchors(positions, anchors.scores());
    }

    @Override
    public PartialAttention window(
            AttentionHeads heads, SpanGeometry geometry, int first, float[] q, float[] keys, float[] values) {
        return right.window(heads, geometry, first, q, keys, values);
    }

    @Override
    public PartialAttention spans(
            AttentionHeads heads, int spans, float[] q, float[] keys, float[] values, int[] starts, int[] ends) {
        return right.spans(heads, spans, q, keys, values, starts, ends);
    }

    @Override
    public float[] merge(
            AttentionHeads heads, int spans, PartialAttention window, PartialAttention spanOutputs, float[] scores) {
        return right.merge(heads, spans, window, spanOutputs, scores);
    }

    @Override
    public float[] attend(
            AttentionHeads heads, SpanGeometry geometry, int first, float[] q1, float[] q2, float[] k, float[] v) {
        return right.attend(heads, geometry, first, q1, q2, k, v);
    }
}
