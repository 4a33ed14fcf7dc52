package dev.longspan.tvm.model;

import com.sun.management.OperatingSystemMXBean;
import dev.longspan.spi.Device;
import dev.longspan.spi.Feature;
import dev.longspan.spi.MemorySize;
import dev.longspan.tvm.network.CpuKernels;
import dev.longspan.tvm.network.KernelSet;
import dev.longspan.tvm.runtime.KernelTeam;
import dev.longspan.tvm.runtime.TvmDevice;
import dev.longspan.tvm.runtime.TvmRuntime;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;

/**
 * This machine's processor.
 *
 * @param processor for which processors the kernels are compiled
 */
public record CpuTarget(Processor processor) implements Target {
    @Override
    public Device device() {
        return new Device(
                Processor.DEVICE,
                "this processor, with " + processor.words(),
                Device.Kind.CPU,
                ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize());
    }

    @Override
    public TvmDevice tvmDevice() {
        return TvmDevice.CPU;
    }

    @Override
    public String words(int threads) {
        return processor.words() + ", " + threads + (threads == 1 ? " thread" : " threads");
    }

    @Override
    public Set<Feature> features() {
        return EnumSet.allOf(Feature.class);
    }

    @Override
    public MemorySize size(long bytes) {
        return new MemorySize(0, bytes);
    }

    @Override
    public MemorySize limit(long bytes) {
        return size(bytes);
    }

    @Override
    public Path unpacked(TvmRuntime runtime) {
        return runtime.unpacked(TvmBackend.KERNELS, processor.library());
    }

    @Override
    public KernelSet open(TvmRuntime runtime, int threads) {
        return new CpuKernels(runtime.kernels(unpacked(runtime)), new KernelTeam(threads));
    }
}
