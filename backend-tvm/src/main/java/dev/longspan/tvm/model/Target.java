package dev.longspan.tvm.model;

import dev.longspan.spi.Device;
import dev.longspan.spi.Feature;
import dev.longspan.spi.MemorySize;
import dev.longspan.tvm.network.KernelSet;
import dev.longspan.tvm.runtime.TvmDevice;
import dev.longspan.tvm.runtime.TvmRuntime;
import java.nio.file.Path;
import java.util.Set;

/** What the backend computes on. */
public sealed interface Target permits CpuTarget, CudaTarget {
    /** {@return how others name it} */
    Device device();

    /** {@return how TVM names it} */
    TvmDevice tvmDevice();

    /** {@return what it computes with, for people} */
    String words(int threads);

    /** {@return what it offers beyond the required} */
    Set<Feature> features();

    /** {@return so many bytes of its memory} */
    MemorySize size(long bytes);

    /** {@return so many bytes of its memory as the most that can be held, other memory unlimited} */
    MemorySize limit(long bytes);

    /**
     * {@return the library of its kernels, unpacked}
     *
     * @throws dev.longspan.tvm.runtime.TvmUnavailableException if they cannot be unpacked
     */
    Path unpacked(TvmRuntime runtime);

    /**
     * {@return its kernels, ready to be called; the runner is closed by the caller}
     *
     * @throws dev.longspan.tvm.runtime.TvmUnavailableException if they cannot be loaded
     */
    KernelSet open(TvmRuntime runtime, int threads);
}
