package dev.longspan.spi;

import java.io.Serial;
import org.jspecify.annotations.Nullable;

/** A backend has no memory left for what it was asked to do; what existed before is unchanged and works on. */
public final class BackendMemoryException extends BackendException {
    @Serial
    private static final long serialVersionUID = 1;

    private final long requestedBytes;

    /**
     * Makes an exception.
     *
     * @param purpose what the memory was for
     * @param requestedBytes how much was asked for, in bytes
     * @param cause what brought it about, or null
     */
    public BackendMemoryException(String purpose, long requestedBytes, @Nullable Throwable cause) {
        super("out of memory: " + requestedBytes + " bytes for " + purpose + " cannot be had", cause);
        this.requestedBytes = requestedBytes;
    }

    /** {@return how much was asked for, in bytes} */
    public long requestedBytes() {
        return requestedBytes;
    }
}
