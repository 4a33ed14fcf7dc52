package dev.longspan.tck;

import dev.longspan.spi.Logits;

/** Logits of the {@link OracleBackend}. */
final class OracleLogits implements Logits {
    private final OracleModel model;
    private final double[][] rows;
    /** Where argMax looks: the same rows, unless that is what is wrong. */
    private final double[][] searched;

    private final long call;

    private final OracleState state;

    OracleLogits(OracleModel model, OracleState state, double[][] rows, double[][] searched) {
        this.model = model;
        this.state = state;
        this.rows = rows;
        this.searched = searched;
        this.call = model.calls();
    }

    private double[] row(double[][] all, int row) {
        if (model.flaw() != Flaw.LOGITS_OUTLIVE_THEIR_MODEL) {
            model.requireOpen();
        }
        if (call != model.calls() && model.flaw() != Flaw.LOGITS_OUTLIVE_THEIR_CALL) {
            throw new IllegalStateException("the logits are no longer valid");
        }
        if (model.flaw() == Flaw.LOGITS_END_WITH_THEIR_STATE && state.isClosed()) {
            throw new IllegalStateException("the state is closed");
        }
        boolean shared =
                model.flaw() == Flaw.LOGITS_ARE_SHARED && !model.backend().computedLast(model);
        return shared || model.isOverwritten() ? new double[all[row].length] : all[row];
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
        double[] logits = row(searched, row);
        int best = 0;
        boolean fromZero = model.flaw() == Flaw.ARG_MAX_BEGINS_AT_ZERO;
        for (int id = 1; id < searched(logits.length); id++) {
            boolean later = model.flaw() == Flaw.ARG_MAX_IS_THE_LAST && (float) logits[id] == (float) logits[best];
            best = (float) logits[id] > largest(logits[best], fromZero) || later ? id : best;
        }
        return best;
    }

    /** In how many ids argMax looks. */
    private int searched(int all) {
        return switch (model.flaw()) {
            case ARG_MAX_LOOKS_AT_ONE_BLOCK -> Math.min(all, 128);
            case ARG_MAX_HAS_16_BITS -> Math.min(all, 1 << 16);
            default -> all;
        };
    }

    private static float largest(double number, boolean fromZero) {
        return fromZero ? Math.max(0, (float) number) : (float) number;
    }

    @Override
    public void copyTo(int row, float[] target) {
        double[] logits = row(rows, row);
        if (target.length < logits.length) {
            throw new IndexOutOfBoundsException("target: expected at least " + logits.length + " numbers");
        }
        for (int i = 0; i < logits.length; i++) {
            target[i] = (float) logits[i];
        }
    }
}
