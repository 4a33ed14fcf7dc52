package dev.longspan.session;

import java.util.List;

/** Parks nothing. */
public enum NoParking implements Parking {
    /** The one. */
    INSTANCE;

    @Override
    public ParkedState write(String id, List<Kept> kept) {
        throw new IllegalStateException("nothing is parked here");
    }

    @Override
    public List<Kept> read(ParkedState state) {
        return List.of();
    }

    @Override
    public void delete(ParkedState state) {
        // there is nothing
    }
}
