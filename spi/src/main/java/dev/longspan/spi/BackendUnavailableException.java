package dev.longspan.spi;

import java.io.Serial;

/** No backend, or not the one that was asked for, can work here; the message lists causes and remedies. */
public final class BackendUnavailableException extends BackendException {
    @Serial
    private static final long serialVersionUID = 1;

    /**
     * Makes an exception.
     *
     * @param message which backends were tried, why each cannot work, and what would repair it
     */
    public BackendUnavailableException(String message) {
        super(message);
    }

    /**
     * Makes an exception of what a probe answered.
     *
     * @param id the backend's id
     * @param unavailable what its probe answered
     */
    public BackendUnavailableException(String id, Availability.Unavailable unavailable) {
        this("backend '" + id + "' is unavailable: " + unavailable.cause()
                + (unavailable.detail().isEmpty() ? "" : " (" + unavailable.detail() + ")") + "; remedy: "
                + unavailable.remedy());
    }
}
