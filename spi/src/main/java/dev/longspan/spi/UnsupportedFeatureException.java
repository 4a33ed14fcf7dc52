package dev.longspan.spi;

import java.io.Serial;

/** Something was asked of a backend that its capabilities do not claim (rule C1). */
public final class UnsupportedFeatureException extends BackendException {
    @Serial
    private static final long serialVersionUID = 1;

    private final Feature feature;

    /**
     * Makes an exception.
     *
     * @param backend the backend's id
     * @param feature what it does not offer
     */
    public UnsupportedFeatureException(String backend, Feature feature) {
        super("backend '" + backend + "' does not offer " + feature + ": ask its capabilities first");
        this.feature = feature;
    }

    /** {@return what the backend does not offer} */
    public Feature feature() {
        return feature;
    }
}
