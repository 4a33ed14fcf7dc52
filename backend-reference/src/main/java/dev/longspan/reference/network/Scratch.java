package dev.longspan.reference.network;

import dev.longspan.spi.AttentionHeads;

/** What one thread needs while it computes a part. */
final class Scratch {
    /** The keys of a block of anchors, [D][{@value AnchorSearch#BLOCK}]. */
    final float[][] anchorKeys;

    final float[] blockScores;
    /** The search queries of a group's heads, times the search scale. */
    final float[][] searchQueries;

    final int[][] anchors;
    final float[][] anchorScores;
    final float[] gates;
    final float[] windowOutput;
    final float[] spanOutput;
    /** Mamba: what each column keeps, and what it takes in. */
    final float[] decay;

    final float[] input;
    final float[] sum;
    /** The scores of one query over a run of positions. */
    float[] scores = {};

    Scratch(WorkspaceSizes sizes) {
        this(sizes.headSize, sizes.headGroup, sizes.spans, sizes.mambaInner, sizes.hidden);
    }

    /** For attention alone. */
    Scratch(AttentionHeads heads, int spans, int scores) {
        this(heads.headSize(), heads.group(), spans, 0, 0);
        this.scores = new float[scores];
    }

    private Scratch(int headSize, int headGroup, int spans, int mambaInner, int hidden) {
        anchorKeys = new float[headSize][AnchorSearch.BLOCK];
        blockScores = new float[AnchorSearch.BLOCK];
        searchQueries = new float[headGroup][headSize];
        anchors = new int[headGroup][spans];
        anchorScores = new float[headGroup][spans];
        gates = new float[spans];
        windowOutput = new float[headSize];
        spanOutput = new float[headSize];
        decay = new float[mambaInner];
        input = new float[mambaInner];
        sum = new float[hidden];
    }
}
