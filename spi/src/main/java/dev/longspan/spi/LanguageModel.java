package dev.longspan.spi;

import java.util.List;

/** A loaded model. The thread rules are those of the package's description. */
public interface LanguageModel extends AutoCloseable {
    /** {@return the network it computes} */
    ModelSpec spec();

    /**
     * {@return a new, empty state of length 0}
     *
     * @throws BackendMemoryException if there is not enough memory
     */
    SequenceState newState();

    /**
     * {@return a new state that continues from a checkpoint, sharing its full pages (rules S3, S4, S5)}
     *
     * @param checkpoint an open checkpoint of this model
     * @throws BackendMemoryException if there is not enough memory
     * @throws IllegalArgumentException if the checkpoint is another model's
     */
    SequenceState newState(Checkpoint checkpoint);

    /**
     * Computes a batch: every run's ids are appended to its state.
     *
     * <p>A run either succeeds whole or fails with its own {@link RunResult.Failure}, without effect on the others
     * (rules B1 to B5).
     *
     * @param batch within {@link Capabilities#maxRuns} and {@link Capabilities#maxBatchTokens}
     * @return one result per run, in the batch's order; the logits are valid until the next call (rule L1)
     * @throws IllegalArgumentException if the batch is malformed (rule B5)
     * @throws IllegalStateException if the model or one of the states is closed or failed (rule B5)
     */
    List<RunResult> forward(Batch batch);

    /**
     * Reads a checkpoint. Any thread. What the source throws comes out as it is, and nothing of the reading stays.
     *
     * @param source what {@link Checkpoint#write} wrote, of this model on this or another backend
     * @return the checkpoint, to be closed by the caller
     * @throws UnsupportedFeatureException without {@link Feature#CHECKPOINT_TRANSFER} (rule C1)
     * @throws IllegalArgumentException if a tensor is missing or has the wrong shape; the message names it
     * @throws BackendMemoryException if there is not enough memory
     */
    Checkpoint readCheckpoint(StateSource source);

    /**
     * Reads a checkpoint whose beginning is held already, so that both share their pages; the base may be closed then. Any
     * thread.
     *
     * @param source what {@link Checkpoint#write} wrote; keys and values are read only from row {@code base.length()} on
     * @param base a checkpoint of this model whose keys and values are the first of the source's, or all of them
     * @return the checkpoint, to be closed by the caller
     * @throws UnsupportedFeatureException without {@link Feature#CHECKPOINT_TRANSFER} (rule C1)
     * @throws IllegalArgumentException if a tensor is missing or has the wrong shape, or the base is longer than the source
     * @throws BackendMemoryException if there is not enough memory
     */
    Checkpoint readCheckpoint(StateSource source, Checkpoint base);

    /** Closes the model, its states and its checkpoints (rule Z1). Any thread. */
    @Override
    void close();
}
