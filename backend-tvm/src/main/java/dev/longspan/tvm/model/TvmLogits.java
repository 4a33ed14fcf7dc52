package dev.longspan.tvm.model;

import dev.longspan.spi.Logits;
import java.util.Objects;

/** Some rows of a batch's logits. */
final class TvmLogits implements Logits {
    private final BatchRunner runner;
    private final long batch;
    private final int first;
    private final int rows;

    TvmLogits(BatchRunner runner, long batch, int first, int rows) {
        this.runner = runner;
        this.batch = batch;
        this.first = first;
        this.rows = rows;
    }

    @Override
    public int rows() {
        runner.requireCurrent(batch);
        return rows;
    }

    @Override
    public int vocabularySize() {
        runner.requireCurrent(batch);
        return runner.vocabularySize();
    }

    @Override
    public int argMax(int row) {
        runner.requireCurrent(batch);
        return runner.best(first + Objects.checkIndex(row, rows));
    }

    @Override
    public void copyTo(int row, float[] target) {
        runner.requireCurrent(batch);
        Objects.checkIndex(row, rows);
        if (target.length < runner.vocabularySize()) {
            throw new IndexOutOfBoundsException(
                    "target: expected room for " + runner.vocabularySize() + " logits, found " + target.length);
        }
        runner.copyLogits(batch, first + row, target);
    }
}
