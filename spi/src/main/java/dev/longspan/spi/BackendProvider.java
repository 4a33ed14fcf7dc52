package dev.longspan.spi;

/**
 * The entry to a backend, found by {@link java.util.ServiceLoader}.
 *
 * <p>Implementations are stateless and may be called from any thread.
 */
public interface BackendProvider {
    /** The version of this contract; a provider answers the one it was compiled against. */
    int SPI_VERSION = 1;

    /** {@return the name by which users choose this backend, matching {@code [a-z][a-z0-9-]{0,31}} (rule P2)} */
    String id();

    /**
     * {@return the {@link #SPI_VERSION} this provider was written for}
     *
     * <p>A provider writes the number out, so that it does not change when it is run with another version of this module.
     */
    int spiVersion();

    /**
     * Finds out whether the backend can work here.
     *
     * <p>Cheap, never throws, takes no device memory (rule P1).
     *
     * @param options the threads and the device that are wanted
     * @return available with rank and devices, or unavailable with cause and remedy
     */
    Availability probe(BackendOptions options);

    /**
     * Opens the backend.
     *
     * @param options the threads and the device to use
     * @return an open backend, to be closed by the caller
     * @throws BackendUnavailableException if the probe's answer is {@link Availability.Unavailable} (rule P3)
     */
    Backend open(BackendOptions options);
}
