package com.example.plain;

import dev.longspan.spi.Logits;

/** Rows of logits; a later call of {@code forward} ends their time, and so does closing their model. */
final class PlainLogits implements Logits {
    private final PlainModel model;
    private final long call;
    private final float[][] rows;

    PlainLogits(PlainModel model, long call, float[][] rows) {
        this.model = model;
        this.call = call;
        this.rows = rows;
    }

    private float[] row(int row) {
        model.requireOpen();
        if (call != model.calls()) {
            throw new IllegalStateException("the logits ended with the next forward");
        }
        return rows[row];
    }

    @Override
    public int rows() {
        return rows.length;
    }

    @Override
    public int vocabularySize() {
        return model.vocabulary();
    }

    @Override
    public int argMax(int row) {
        float[] logits = row(row);
        int best = 0;
        for (int id = 1; id < logits.length; id++) {
            best = logits[id] > logits[best] ? id : best; // the first among equals stays
        }
        return best;
    }

    @Override
    public void copyTo(int row, float[] target) {
        float[] logits = row(row);
        if (target.length < logits.length) {
            throw new IndexOutOfBoundsException("expected a target of " + logits.length + ", found " + target.length);
        }
        System.arraycopy(logits, 0, target, 0, logits.length);
    }
}
