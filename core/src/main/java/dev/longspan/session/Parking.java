package dev.longspan.session;

import java.util.List;

/** Where the states of idle sessions lie while memory is short. Any thread. */
public interface Parking {
    /** {@return where checkpoints now lie on disk} They stay open. */
    ParkedState write(String id, List<Kept> kept);

    /**
     * {@return the checkpoints, held by the caller} None if they cannot be read: the session then computes them again. What was
     * read is no longer parked.
     *
     * @throws dev.longspan.spi.BackendMemoryException if there is not enough memory; they are still parked then
     */
    List<Kept> read(ParkedState state);

    /** Forgets what was written. */
    void delete(ParkedState state);
}
