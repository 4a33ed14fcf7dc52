package dev.longspan.spi;

/**
 * What a model remembers of the tokens it was given: keys, values and recurrent states.
 *
 * <p>A state only grows; to go back, start a new one from an older checkpoint. It is used by one thread at a time, but for its
 * getters, which any thread may call beside it (rule X2).
 */
public interface SequenceState extends AutoCloseable {
    /** {@return how many tokens it has absorbed} */
    int length();

    /** {@return the bytes of all pages and recurrent states it refers to, shared ones included (rule S5)} */
    long bytes();

    /** {@return the bytes that closing it would free at this moment (rule S5)} */
    long exclusiveBytes();

    /**
     * {@return an immutable checkpoint at the current length, to be closed by the caller (rules S2, S6)}
     *
     * <p>Full pages of keys and values are shared; only the last, partial page and the recurrent states are copied.
     *
     * @throws BackendMemoryException if there is not enough memory
     * @throws IllegalStateException if the state is closed or failed
     */
    Checkpoint checkpoint();

    /** Closes the state. Checkpoints taken of it live on. */
    @Override
    void close();
}
