package dev.longspan.reference.network;

import dev.longspan.reference.kernel.Kernels;
import dev.longspan.reference.memory.Page;
import dev.longspan.reference.memory.PageTable;
import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.SpanGeometry;
import java.util.Arrays;

/** Where to look: the best of the anchors that a query may choose from. */
final class AnchorSearch {
    /** How many anchors' keys are gathered before their scores are computed. */
    static final int BLOCK = 256;

    private final Kernels kernels;
    private final AttentionHeads heads;
    private final SpanGeometry geometry;

    AnchorSearch(Kernels kernels, AttentionHeads heads, SpanGeometry geometry) {
        this.kernels = kernels;
        this.heads = heads;
        this.geometry = geometry;
    }

    /**
     * Finds the anchors of some heads, all of one key/value head, into the scratch's {@code anchors} and
     * {@code anchorScores}, best first; −1 and −∞ where there are fewer than k.
     *
     * @param table the keys
     * @param layer the index among the attention layers
     * @param position the query's position t
     * @param firstHead the first query head
     * @param lastHead behind the last
     * @param queries Q1 of all heads [H · D]
     * @param offset where they begin
     * @param scratch the thread's memory
     */
    void search(
            PageTable table,
            int layer,
            int position,
            int firstHead,
            int lastHead,
            float[] queries,
            int offset,
            Scratch scratch) {
        int count = geometry.anchors(position);
        int[] stripes = geometry.stripes(position);
        int first = geometry.parameters().windowIndex();
        for (int h = firstHead; h < lastHead; h++) {
            Arrays.fill(scratch.anchors[h - firstHead], -1);
            Arrays.fill(scratch.anchorScores[h - firstHead], Float.NEGATIVE_INFINITY);
            scaleQuery(queries, offset + h * heads.headSize(), scratch.searchQueries[h - firstHead]);
        }
        // from the oldest anchor to the newest, so that the older of two equal ones comes first
        for (int end = count; end > 0; end -= BLOCK) {
            int size = Math.min(BLOCK, end);
            gather(table, layer, position, firstHead / heads.group(), stripes, first + end, size, scratch);
            for (int h = firstHead; h < lastHead; h++) {
                Arrays.fill(scratch.blockScores, 0, size, 0f);
                kernels.accumulate(
                        scratch.searchQueries[h - firstHead],
                        0,
                        heads.headSize(),
                        scratch.anchorKeys,
                        0,
                        0,
                        size,
                        scratch.blockScores,
                        0);
                keepBest(position, stripes, first + end, size, scratch, h - firstHead);
            }
        }
    }

    private void scaleQuery(float[] queries, int offset, float[] scaled) {
        float scale = (float) geometry.parameters().searchScale();
        for (int d = 0; d < heads.headSize(); d++) {
            scaled[d] = queries[offset + d] * scale;
        }
    }

    /** Gathers the keys of stripes {@code end, end - 1, …}, counted from 1. */
    private void gather(
            PageTable table, int layer, int position, int group, int[] stripes, int end, int size, Scratch scratch) {
        for (int j = 0; j < size; j++) {
            int anchor = position + 1 - stripes[end - 1 - j];
            float[][] keys = table.page(anchor / Page.TOKENS).keys(layer);
            int column = group * Page.TOKENS + anchor % Page.TOKENS;
            for (int d = 0; d < heads.headSize(); d++) {
                scratch.anchorKeys[d][j] = keys[d][column];
            }
        }
    }

    private void keepBest(int position, int[] stripes, int end, int size, Scratch scratch, int head) {
        int[] anchors = scratch.anchors[head];
        float[] scores = scratch.anchorScores[head];
        int spans = geometry.parameters().spans();
        for (int j = 0; j < size; j++) {
            float score = scratch.blockScores[j];
            if (anchors[spans - 1] >= 0 && !(score > scores[spans - 1])) {
                continue;
            }
            int place = spans - 1;
            while (place > 0 && (anchors[place - 1] < 0 || score > scores[place - 1])) {
                scores[place] = scores[place - 1];
                anchors[place] = anchors[place - 1];
                place--;
            }
            scores[place] = score;
            anchors[place] = position + 1 - stripes[end - 1 - j];
        }
    }
}
