package dev.longspan.reference;

import dev.longspan.reference.kernel.KernelChoice;
import dev.longspan.spi.Availability;
import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.BackendProvider;
import dev.longspan.spi.BackendUnavailableException;
import dev.longspan.spi.Device;
import java.util.List;

/**
 * The provider of the reference backend: plain Java in float32, on every machine.
 *
 * <p>It knows two settings: {@code memoryLimitBytes}, the most bytes that weights, states and checkpoints may hold
 * together (default: no limit), and {@code kernels}, {@code auto} (default) or {@code plain}; {@code auto} uses explicit
 * vectors where the Java runtime was started with {@code --add-modules jdk.incubator.vector}. Both give the same bits.
 *
 * <p>Stateless; may be used from any thread.
 */
public final class ReferenceBackendProvider implements BackendProvider {
    /** The id of this backend: {@value}. */
    public static final String ID = "reference";

    private static final int RANK = 10;

    /** Makes a provider. */
    public ReferenceBackendProvider() {}

    @Override
    public String id() {
        return ID;
    }

    @Override
    public int spiVersion() {
        return 1;
    }

    @Override
    public Availability probe(BackendOptions options) {
        Availability problem = ReferenceSettings.problem(options);
        if (problem != null) {
            return problem;
        }
        String notice = KernelChoice.best().notice();
        return new Availability.Available(RANK, List.of(device()), notice.isEmpty() ? List.of() : List.of(notice));
    }

    @Override
    public Backend open(BackendOptions options) {
        Availability.Unavailable problem = ReferenceSettings.problem(options);
        if (problem != null) {
            throw new BackendUnavailableException(ID, problem);
        }
        return new ReferenceBackend(options.threads(), ReferenceSettings.of(options));
    }

    static Device device() {
        return new Device(
                ReferenceSettings.DEVICE,
                "the Java heap",
                Device.Kind.CPU,
                Runtime.getRuntime().maxMemory());
    }
}
