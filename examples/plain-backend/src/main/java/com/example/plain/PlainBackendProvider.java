package com.example.plain;

import dev.longspan.spi.Availability;
import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.BackendProvider;
import dev.longspan.spi.BackendUnavailableException;
import dev.longspan.spi.Device;
import java.util.List;

/** The entry: {@code META-INF/services} names it. */
public final class PlainBackendProvider implements BackendProvider {
    static final Device DEVICE = new Device("cpu", "one thread of plain Java", Device.Kind.CPU, 0);

    @Override
    public String id() {
        return "plain";
    }

    @Override
    public int spiVersion() {
        return 1; // written out: it must not change when the contract does
    }

    @Override
    public Availability probe(BackendOptions options) {
        if (!options.device().equals(BackendOptions.ANY_DEVICE) && !options.device().equals("cpu")) {
            return new Availability.Unavailable("no device '" + options.device() + "'", "", "ask for 'cpu'");
        }
        if (!options.settings().isEmpty()) {
            return new Availability.Unavailable("unknown settings " + options.settings().keySet(), "", "leave them out");
        }
        return new Availability.Available(1, List.of(DEVICE), List.of());
    }

    @Override
    public Backend open(BackendOptions options) {
        if (probe(options) instanceof Availability.Unavailable unavailable) {
            throw new BackendUnavailableException(id(), unavailable);
        }
        return new PlainBackend();
    }
}
