package dev.longspan.tvm.model;

import dev.longspan.spi.Device;
import dev.longspan.spi.Feature;
import dev.longspan.spi.MemorySize;
import dev.longspan.tvm.network.CudaKernels;
import dev.longspan.tvm.network.KernelSet;
import dev.longspan.tvm.runtime.CudaDevices;
import dev.longspan.tvm.runtime.TvmDevice;
import dev.longspan.tvm.runtime.TvmRuntime;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;

/**
 * A GPU.
 *
 * @param gpu which one
 */
public record CudaTarget(CudaDevices.Found gpu) implements Target {
    /** How the id of a GPU begins, or is: then the first one. */
    public static final String DEVICE = "cuda";

    private static final String LIBRARY = "cuda.cubin";
    /** What the kernels are called by, which TVM looks for beside them. */
    private static final String SIGNATURES = "cuda.tvm_meta.json";

    @Override
    public Device device() {
        return new Device(DEVICE + ":" + gpu.device().index(), gpu.name(), Device.Kind.GPU, gpu.bytes());
    }

    @Override
    public TvmDevice tvmDevice() {
        return gpu.device();
    }

    @Override
    public String words(int threads) {
        return gpu.name() + ", compute capability " + gpu.capability();
    }

    /** {@return all but equal bits in every batch: sums are cut by how many blocks keep the GPU busy} */
    @Override
    public Set<Feature> features() {
        return EnumSet.complementOf(EnumSet.of(Feature.BATCH_EXACT));
    }

    @Override
    public MemorySize size(long bytes) {
        return new MemorySize(bytes, 0);
    }

    @Override
    public MemorySize limit(long bytes) {
        return new MemorySize(bytes, Long.MAX_VALUE);
    }

    @Override
    public Path unpacked(TvmRuntime runtime) {
        runtime.unpacked(TvmBackend.KERNELS, SIGNATURES);
        return runtime.unpacked(TvmBackend.KERNELS, LIBRARY);
    }

    @Override
    public KernelSet open(TvmRuntime runtime, int threads) {
        return new CudaKernels(runtime.kernels(unpacked(runtime)), runtime.stream(gpu.device()));
    }
}
