package dev.longspan.tvm;

import dev.longspan.spi.Availability;
import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.BackendProvider;
import dev.longspan.spi.BackendUnavailableException;
import dev.longspan.tvm.model.Processor;
import dev.longspan.tvm.model.TvmBackend;
import dev.longspan.tvm.model.TvmSettings;
import dev.longspan.tvm.runtime.TvmRuntime;
import dev.longspan.tvm.runtime.TvmUnavailableException;
import java.util.List;
import java.util.Optional;

/**
 * The provider of the TVM backend: kernels compiled ahead of time by Apache TVM, in float32, for processors with AVX2 or AVX-512 under
 * Linux on x86-64.
 *
 * <p>It knows these settings: {@code memoryLimitBytes}, the most bytes that weights, states and checkpoints may hold together
 * (default: no limit); {@code kernels}, {@code auto} (default), {@code v3} for AVX2 or {@code v4} for AVX-512; {@code nativeFolder},
 * where native libraries are unpacked to (default: {@code longspan} in {@code XDG_CACHE_HOME}, or in {@code .cache} in the user's
 * home); and {@code runtimeLibrary}, a
 * {@code libtvm_runtime.so} in place of the one on the class path. The last two hold for the whole process: what the first backend
 * asked for.
 *
 * <p>Stateless; may be used from any thread.
 */
public final class TvmBackendProvider implements BackendProvider {
    private static final int RANK = 150;

    /** Makes a provider. */
    public TvmBackendProvider() {}

    @Override
    public String id() {
        return TvmBackend.ID;
    }

    @Override
    public int spiVersion() {
        return 1;
    }

    @Override
    public Availability probe(BackendOptions options) {
        Availability problem = TvmSettings.problem(options);
        if (problem != null) {
            return problem;
        }
        TvmSettings settings = TvmSettings.of(options);
        Optional<Processor> processor = settings.processor().or(Processor::best);
        if (processor.isEmpty() || !processor.get().isHere()) {
            return new Availability.Unavailable(
                    "the processor lacks instructions",
                    "expected " + processor.map(Processor::words).orElse("AVX2") + ", as of x86-64-v3 or v4",
                    "use another backend");
        }
        try {
            TvmRuntime.load(settings.natives());
        } catch (TvmUnavailableException e) {
            return new Availability.Unavailable(e.problem(), e.detail(), e.remedy());
        } catch (LinkageError e) { // of JNA
            return new Availability.Unavailable(
                    "JNA cannot be loaded", String.valueOf(e.getMessage()), "see the system property jna.tmpdir");
        }
        return new Availability.Available(RANK, List.of(TvmBackend.device(processor.get())), List.of());
    }

    @Override
    public Backend open(BackendOptions options) {
        if (probe(options) instanceof Availability.Unavailable problem) {
            throw new BackendUnavailableException(TvmBackend.ID, problem);
        }
        TvmSettings settings = TvmSettings.of(options);
        return new TvmBackend(
                options.threads(),
                settings,
                settings.processor().or(Processor::best).orElseThrow());
    }
}
