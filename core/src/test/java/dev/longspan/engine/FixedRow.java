package dev.longspan.engine;

import dev.longspan.spi.Logits;

/** A fixed row of logits. */
final class FixedRow implements Logits {
    private final float[] values;

    FixedRow(float... values) {
        this.values = values;
    }

    @Override
    public int rows() {
        return 1;
    }

    @Override
    public int vocabularySize() {
        return values.length;
    }

    @Override
    public int argMax(int row) {
        int best = 0;
        for (int id = 1; id < values.length; id++) {
            if (values[id] > values[best]) {
                best = id;
            }
        }
        return best;
    }

    @Override
    public void copyTo(int row, float[] target) {
        System.arraycopy(values, 0, target, 0, values.length);
    }
}
