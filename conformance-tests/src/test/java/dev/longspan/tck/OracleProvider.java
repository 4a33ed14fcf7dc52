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
import java.util.concurrent.locks.LockSupport;

/** The oracle as a backend, right or with one flaw, which a setting names. */
public final class OracleProvider implements BackendProvider {
    static final String FLAW = "flaw";
    static final String MEMORY = "memoryLimitBytes";
    /** What one kind of backend needs at least. */
    private static final long MUCH = 16 << 20;

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
        if (own == Flaw.PROBE_IS_SLOW) {
            LockSupport.parkNanos(1_100_000_000L);
        }
        return answer(options);
    }

    private Availability answer(BackendOptions options) {
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
        if (own == Flaw.LISTED_DEVICE_IS_REFUSED && options.device().equals("cpu")) {
            return new Availability.Unavailable("no device 'cpu'", "", "leave the device open");
        }
        if (own != Flaw.SETTINGS_ARE_NOT_READ
                && !options.settings().getOrDefault(MEMORY, "1").matches("[0-9]{1,18}")) {
            return new Availability.Unavailable(MEMORY + " is no number", "", "give a number of bytes");
        }
        if (own == Flaw.NEEDS_MUCH_MEMORY && limit(options) < MUCH) {
            return new Availability.Unavailable("too little memory", "", "give at least " + MUCH + " bytes");
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
        if (answer(options) instanceof Availability.Unavailable unavailable) {
            throw own == Flaw.OPEN_SAYS_LITTLE
                    ? new BackendException("not here", null)
                    : new BackendUnavailableException(id(), unavailable);
        }
        Flaw flaw = Flaw.valueOf(options.settings().getOrDefault(FLAW, own.name()));
        return new OracleBackend(id(), flaw, options.threads(), limit(options));
    }

    private static long limit(BackendOptions options) {
        return Long.parseLong(options.settings().getOrDefault(MEMORY, Long.toString(Long.MAX_VALUE)));
    }
}
