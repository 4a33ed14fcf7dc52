package dev.longspan.tck;

import dev.longspan.spi.Logits;

/** Logits of the {@link OracleBackend}. */
final class OracleLogits implements Logits {
    private final OracleModel model;
    private final double[][] rows;
    private final long call;

    OracleLogits(OracleModel model, double[][] rows) {
        this.model = model;
        this.rows = rows;
        this.call = model.calls();
    }

    private double[] row(int row) {
        if (model.flaw() != Flaw.LOGITS_OUTLIVE_THEIR_MODEL) {
            model.requireOpen();
        }
        if (call != model.calls() && model.flaw() != Flaw.LOGITS_OUTLIVE_THEIR_CALL) {
            throw new IllegalStateException("the logits are no longer valid");
        }
        return rows[row];
    }

    @Override
    public int rows() {
        return rows.length;
    }

    @Override
    public int vocabularySize() {
        return model.network().vocabularySize();
    }

    @Override
    public int argMax(int row) {
        double[] logits = row(row);
        int best = 0;
        for (int id = 1; id < logits.length; id++) {
            boolean later = model.flaw() == Flaw.ARG_MAX_IS_THE_LAST && (float) logits[id] == (float) logits[best];
            best = (float) logits[id] > (float) logits[best] || later ? id : best;
        }
        return best;
    }

    @Override
    public void copyTo(int row, float[] target) {
        double[] logits = row(row);
        if (target.length < logits.length) {
            throw new IndexOutOfBoundsException("target: expected at least " + logits.length + " numbers");
        }
        for (int i = 0; i < logits.length; i++) {
            target[i] = (float) logits[i];
        }
    }
}
