package dev.longspan.tck;

import dev.longspan.spi.Availability;
import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendException;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.BackendProvider;
import dev.longspan.spi.BackendUnavailableException;
import dev.longspan.spi.Device;
import java.util.List;
import java.util.Set;

/** The oracle as a backend, right or with one flaw, which a setting names. */
public final class OracleProvider implements BackendProvider {
    static final String FLAW = "flaw";
    static final String MEMORY = "memoryLimitBytes";
    static final Device DEVICE = new Device("cpu", "float64, as slow as it is plain", Device.Kind.CPU, 0);

    /** What flaw a provider itself has, and its backends unless the setting says otherwise. */
    private final Flaw own;

    /** Makes a provider without flaws. */
    public OracleProvider() {
        this(Flaw.NONE);
    }

    OracleProvider(Flaw own) {
        this.own = own;
    }

    @Override
    public String id() {
        return own == Flaw.CAPITAL_ID ? "Oracle" : "oracle";
    }

    @Override
    public int spiVersion() {
        return own == Flaw.OTHER_VERSION ? 7 : 1;
    }

    @Override
    public Availability probe(BackendOptions options) {
        if (!Set.of(BackendOptions.ANY_DEVICE, "cpu").contains(options.device())) {
            if (own == Flaw.PROBE_THROWS) {
                throw new IllegalStateException("cannot load the driver of " + options.device());
            }
            String remedy = own == Flaw.NO_REMEDY ? "" : "leave the device open";
            return new Availability.Unavailable("no device '" + options.device() + "'", "", remedy);
        }
        if (own == Flaw.PROBE_LEAVES_A_THREAD) {
            Thread thread = new Thread(OracleState::hang, "oracle-probe");
            thread.setDaemon(true);
            thread.start();
        }
        for (String name : options.settings().keySet()) {
            if (!Set.of(FLAW, MEMORY).contains(name)) {
                return new Availability.Unavailable("no setting '" + name + "'", "", "leave it out");
            }
        }
        return new Availability.Available(0, List.of(DEVICE), List.of());
    }

    @Override
    public Backend open(BackendOptions options) {
        if (probe(options) instanceof Availability.Unavailable unavailable) {
            throw own == Flaw.OPEN_SAYS_LITTLE
                    ? new BackendException("not here", null)
                    : new BackendUnavailableException(id(), unavailable);
        }
        Flaw flaw = Flaw.valueOf(options.settings().getOrDefault(FLAW, own.name()));
        long limit = Long.parseLong(options.settings().getOrDefault(MEMORY, Long.toString(Long.MAX_VALUE)));
        return new OracleBackend(id(), flaw, limit);
    }
}
