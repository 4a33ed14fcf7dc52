package dev.longspan.session;

import java.util.List;

/** Where the states of idle sessions lie while memory is short. Any thread. */
public interface Parking {
    /** {@return where checkpoints now lie on disk} They stay open. */
    ParkedState write(String id, List<Kept> kept);

    /** {@return the checkpoints, held by the caller} None if they cannot be read: the session then computes them again. */
    List<Kept> read(ParkedState state);

    /** Forgets what was written. */
    void delete(ParkedState state);
}
