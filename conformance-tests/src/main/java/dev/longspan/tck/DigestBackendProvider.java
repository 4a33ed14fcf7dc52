package dev.longspan.tck;

import dev.longspan.spi.Availability;
import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.BackendProvider;
import dev.longspan.spi.BackendUnavailableException;
import dev.longspan.spi.Device;
import java.util.List;

/** Opens {@linkplain DigestBackend digest backends}. It is in no service file: whoever wants one passes it explicitly. */
public final class DigestBackendProvider implements BackendProvider {
    private final DigestOptions limits;

    /** Makes a provider of backends with the default limits. */
    public DigestBackendProvider() {
        this(DigestOptions.defaults());
    }

    /**
     * Makes a provider.
     *
     * @param limits the limits of the backends it opens
     */
    public DigestBackendProvider(DigestOptions limits) {
        this.limits = limits;
    }

    @Override
    public String id() {
        return DigestBackend.ID;
    }

    @Override
    public int spiVersion() {
        return 1;
    }

    @Override
    public Availability probe(BackendOptions options) {
        if (!options.device().equals(BackendOptions.ANY_DEVICE)
                && !options.device().equals("cpu")) {
            return new Availability.Unavailable(
                    "no device '" + options.device() + "'", "it only knows 'cpu'", "leave the device open");
        }
        if (!options.settings().isEmpty()) {
            return new Availability.Unavailable(
                    "unknown settings " + options.settings().keySet(), "it knows none", "leave them out");
        }
        return new Availability.Available(0, List.of(DEVICE), List.of());
    }

    @Override
    public Backend open(BackendOptions options) {
        if (probe(options) instanceof Availability.Unavailable unavailable) {
            throw new BackendUnavailableException(id(), unavailable);
        }
        return new DigestBackend(limits);
    }

    static final Device DEVICE = new Device("cpu", "hashes of token ids", Device.Kind.CPU, 0);
}
