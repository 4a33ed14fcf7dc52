package dev.longspan.tck;

import dev.longspan.spi.Logits;

/** Logits that are watched. */
final class AssertingLogits implements Logits {
    private final AssertingModel model;
    private final Logits logits;
    private final long call;

    AssertingLogits(AssertingModel model, Logits logits) {
        this.model = model;
        this.logits = logits;
        this.call = model.calls();
    }

    private void requireValid(int row) {
        model.contract().caller(call == model.calls(), "L1", () -> "logits are used after the next forward");
        model.contract().caller(row >= 0 && row < logits.rows(), "L1", () -> "row " + row + " of " + logits.rows());
    }

    @Override
    public int rows() {
        return logits.rows();
    }

    @Override
    public int vocabularySize() {
        return logits.vocabularySize();
    }

    @Override
    public int argMax(int row) {
        requireValid(row);
        int best = logits.argMax(row);
        float[] numbers = new float[logits.vocabularySize()];
        logits.copyTo(row, numbers);
        for (int id = 0; id < numbers.length; id++) {
            int other = id;
            boolean better = numbers[id] > numbers[best] || (id < best && numbers[id] == numbers[best]);
            model.contract()
                    .backend(!better, "L2", () -> "argMax answers " + best + ", and " + other + " is before it");
        }
        return best;
    }

    @Override
    public void copyTo(int row, float[] target) {
        requireValid(row);
        logits.copyTo(row, target);
        for (int id = 0; id < logits.vocabularySize(); id++) {
            int at = id;
            model.contract().backend(Float.isFinite(target[id]), "L3", () -> "logit " + at + " is " + target[at]);
        }
    }
}
