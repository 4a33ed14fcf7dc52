package dev.longspan.spi;

import java.util.List;

/**
 * An immutable state at one position, from which any number of states can start.
 *
 * <p>All methods may be called from any thread. A call of {@link #write} that runs while another thread closes the
 * checkpoint, its model or its backend still completes, and writes what it would have; either side may wait for the other.
 */
public interface Checkpoint extends AutoCloseable {
    /** {@return how many tokens it has absorbed} */
    int length();

    /** {@return the bytes of all pages and recurrent states it refers to, shared ones included (rule S5)} */
    long bytes();

    /** {@return the bytes that closing it would free at this moment (rule S5)} */
    long exclusiveBytes();

    /**
     * {@return name, data type and shape of what {@link #write} writes, in that order}
     *
     * <p>For every attention layer {@code i}: {@code layers.{i}.key} and {@code layers.{i}.value}, shape [tokens, key/value
     * heads, head size], F32 or BF16. For every Mamba layer {@code i}: {@code layers.{i}.conv}, shape [channels, width − 1],
     * oldest input first, and {@code layers.{i}.ssm}, shape [heads, head size, state size], both F32.
     *
     * @throws UnsupportedFeatureException without {@link Feature#CHECKPOINT_TRANSFER} (rule C1)
     */
    List<TensorInfo> tensors();

    /**
     * Writes its tensors in the order of {@link #tensors}. Several threads may do so at once; what the sink throws comes out as
     * it is, and the checkpoint is as it was.
     *
     * @param sink takes the tensors it wants, in pieces
     * @throws UnsupportedFeatureException without {@link Feature#CHECKPOINT_TRANSFER} (rule C1)
     */
    void write(StateSink sink);

    /** Closes the checkpoint. States started from it live on. */
    @Override
    void close();
}
