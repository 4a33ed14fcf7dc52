package dev.longspan.tvm;

import dev.longspan.spi.Availability;
import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.BackendProvider;
import dev.longspan.spi.BackendUnavailableException;
import dev.longspan.spi.Device;
import dev.longspan.tvm.model.CpuTarget;
import dev.longspan.tvm.model.CudaTarget;
import dev.longspan.tvm.model.Processor;
import dev.longspan.tvm.model.Target;
import dev.longspan.tvm.model.TvmBackend;
import dev.longspan.tvm.model.TvmSettings;
import dev.longspan.tvm.runtime.TvmRuntime;
import dev.longspan.tvm.runtime.TvmUnavailableException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The provider of the TVM backend: kernels compiled ahead of time, called through the runtime of Apache TVM, in float32; for GPUs of
 * NVIDIA with compute capability 8.0 or later, and for processors with AVX2 or AVX-512, under Linux on x86-64.
 *
 * <p>Devices are {@code cuda} (the first GPU), {@code cuda:1} and so on, and {@code cpu}; {@code auto} is the first GPU if there is one
 * that works. A GPU needs NVIDIA's driver 580 or later, and {@code libcudart.so.12}, installed or on the class path.
 *
 * <p>It knows these settings: {@code memoryLimitBytes}, the most bytes that weights, states and checkpoints may hold together
 * (default: no limit); {@code kernels}, for processors {@code auto} (default), {@code v3} for AVX2 or {@code v4} for AVX-512;
 * {@code nativeFolder}, where native libraries are unpacked to (default: {@code longspan} in {@code XDG_CACHE_HOME}, or in
 * {@code .cache} in the user's home); and {@code runtimeLibrary}, a {@code libtvm_runtime.so} in place of the one on the class path. The
 * last two hold for the whole process: what the first backend asked for.
 *
 * <p>Stateless; may be used from any thread.
 */
public final class TvmBackendProvider implements BackendProvider {
    private static final int RANK = 150;
    private static final int GPU_RANK = 250;

    /** Makes a provider. */
    public TvmBackendProvider() {}

    /**
     * What was found for some options.
     *
     * @param targets what could be used, the best first; empty if there is a problem
     * @param problem why nothing can be used, or, beside a processor, no GPU
     */
    private record Search(List<Target> targets, Optional<Availability.Unavailable> problem) {
        static Search failed(Availability.Unavailable problem) {
            return new Search(List.of(), Optional.of(problem));
        }

        static Search failed(TvmUnavailableException e) {
            return failed(unavailable(e));
        }
    }

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
        Search found = search(options);
        if (found.targets.isEmpty()) {
            return found.problem.orElseThrow();
        }
        List<Device> devices = found.targets.stream().map(Target::device).toList();
        boolean gpu = devices.get(0).kind() == Device.Kind.GPU;
        List<String> notices = found.problem.stream()
                .map(problem -> "the GPU would be faster: " + problem.cause() + "; " + problem.remedy())
                .toList();
        return new Availability.Available(gpu ? GPU_RANK : RANK, devices, notices);
    }

    private static Search search(BackendOptions options) {
        Availability.Unavailable wrong = TvmSettings.problem(options);
        if (wrong != null) {
            return Search.failed(wrong);
        }
        TvmSettings settings = TvmSettings.of(options);
        TvmRuntime runtime;
        try {
            runtime = TvmRuntime.load(settings.natives());
        } catch (TvmUnavailableException e) {
            return Search.failed(e);
        } catch (LinkageError e) { // of JNA
            return Search.failed(new Availability.Unavailable(
                    "JNA cannot be loaded", String.valueOf(e.getMessage()), "see the system property jna.tmpdir"));
        }
        Search gpus = TvmSettings.mayBeCuda(options) ? gpus(runtime, options) : new Search(List.of(), Optional.empty());
        boolean onlyGpu = options.device().startsWith(CudaTarget.DEVICE);
        Optional<Processor> processor = settings.processor().or(Processor::best);
        if (onlyGpu || processor.isEmpty() || !processor.get().isHere()) {
            return onlyGpu || !gpus.targets.isEmpty()
                    ? gpus
                    : Search.failed(new Availability.Unavailable(
                            "the processor lacks instructions",
                            "expected " + processor.map(Processor::words).orElse("AVX2") + ", as of x86-64-v3 or v4",
                            "use another backend"));
        }
        List<Target> all = new ArrayList<>(gpus.targets);
        Target cpu = new CpuTarget(processor.get());
        try {
            cpu.unpacked(runtime);
        } catch (TvmUnavailableException e) {
            return gpus.targets.isEmpty() ? Search.failed(e) : gpus;
        }
        all.add(cpu);
        return new Search(all, runtime.hasDriver() ? gpus.problem : Optional.empty());
    }

    private static Search gpus(TvmRuntime runtime, BackendOptions options) {
        try {
            List<Target> found = runtime.gpus().stream()
                    .<Target>map(CudaTarget::new)
                    .filter(gpu -> TvmSettings.isMeant(options, gpu))
                    .toList();
            if (found.isEmpty()) {
                return Search.failed(new Availability.Unavailable(
                        "there is no GPU '" + options.device() + "'",
                        "there are " + runtime.gpus().size(),
                        "see what nvidia-smi says, and CUDA_VISIBLE_DEVICES"));
            }
            found.get(0).unpacked(runtime); // the kernels are the same for all
            return new Search(found, Optional.empty());
        } catch (TvmUnavailableException e) {
            return Search.failed(e);
        }
    }

    private static Availability.Unavailable unavailable(TvmUnavailableException e) {
        return new Availability.Unavailable(e.problem(), e.detail(), e.remedy());
    }

    @Override
    public Backend open(BackendOptions options) {
        Search found = search(options);
        if (found.targets.isEmpty()) {
            throw new BackendUnavailableException(TvmBackend.ID, found.problem.orElseThrow());
        }
        try {
            return new TvmBackend(options.threads(), TvmSettings.of(options), found.targets.get(0));
        } catch (TvmUnavailableException e) { // what was there a moment ago
            throw new BackendUnavailableException(TvmBackend.ID, unavailable(e));
        }
    }
}
