package dev.longspan.spi;

/** Rows of logits, one number per token of the vocabulary; valid until the model's next {@code forward} (rule L1). */
public interface Logits {
    /** {@return how many rows there are} */
    int rows();

    /** {@return how many numbers a row has} */
    int vocabularySize();

    /**
     * {@return the id with the largest logit of a row, the lowest among equals (rule L2)}
     *
     * @param row from 0 to {@code rows() - 1}
     * @throws IndexOutOfBoundsException if there is no such row
     * @throws IllegalStateException if the logits are no longer valid
     */
    int argMax(int row);

    /**
     * Copies a row.
     *
     * @param row from 0 to {@code rows() - 1}
     * @param target at least {@link #vocabularySize} long; filled from index 0
     * @throws IndexOutOfBoundsException if there is no such row or the target is too short
     * @throws IllegalStateException if the logits are no longer valid
     */
    void copyTo(int row, float[] target);
}
