package dev.longspan.tvm.runtime;

import com.sun.jna.Function;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** The GPUs of this machine that kernels can run on. */
public final class CudaDevices {
    /** The oldest driver that takes the kernels, as CUDA numbers it: 13.0. */
    private static final int DRIVER_VERSION = 13_000;

    private static final int LEAST_MAJOR = 8;
    private static final int NAME_BYTES = 256;

    /**
     * One of them.
     *
     * @param device as TVM numbers it
     * @param name what the driver calls it
     * @param capability its compute capability, such as 9.0
     * @param bytes how much memory it has
     */
    public record Found(TvmDevice device, String name, String capability, long bytes) {}

    private CudaDevices() {}

    /**
     * {@return the devices, in the driver's order; at least one}
     *
     * @param driver the driver's library
     * @throws TvmUnavailableException if there is none that kernels can run on
     */
    static List<Found> find(NativeLibrary driver) {
        int[] version = new int[1];
        int failed = CudaApi.cudaDriverGetVersion(version);
        if (failed != 0 || version[0] < DRIVER_VERSION) {
            throw new TvmUnavailableException(
                    "the NVIDIA driver is too old",
                    "it speaks CUDA " + words(version[0]) + ", expected " + words(DRIVER_VERSION),
                    "install the driver 580 or a later one",
                    null);
        }
        int[] count = new int[1];
        failed = CudaApi.cudaGetDeviceCount(count);
        if (failed != 0 || count[0] == 0) {
            CudaApi.cudaGetLastError();
            throw new TvmUnavailableException(
                    "there is no NVIDIA GPU",
                    failed == 0 ? "the driver knows of none" : CudaApi.cudaGetErrorString(failed),
                    "see what nvidia-smi says, and CUDA_VISIBLE_DEVICES",
                    null);
        }
        List<Found> found = new ArrayList<>();
        List<String> refused = new ArrayList<>();
        for (int i = 0; i < count[0]; i++) {
            int major = attribute(CudaApi.MAJOR, i);
            String capability = major + "." + attribute(CudaApi.MINOR, i);
            String name = name(driver, i);
            if (major < LEAST_MAJOR) {
                refused.add(name + " has compute capability " + capability);
            } else {
                found.add(new Found(new TvmDevice(TvmDevice.Kind.CUDA, i), name, capability, bytes(i)));
            }
        }
        if (found.isEmpty()) {
            throw new TvmUnavailableException(
                    "the GPU is too old",
                    String.join("; ", refused),
                    "use a GPU of compute capability " + LEAST_MAJOR + ".0 or later, or another device",
                    null);
        }
        return found;
    }

    private static String words(int version) {
        return version / 1000 + "." + version % 1000 / 10;
    }

    private static int attribute(int attribute, int device) {
        int[] value = new int[1];
        CudaApi.check("asking for an attribute of a GPU", CudaApi.cudaDeviceGetAttribute(value, attribute, device));
        return value[0];
    }

    private static String name(NativeLibrary driver, int device) {
        byte[] name = new byte[NAME_BYTES];
        Function function = driver.getFunction("cuDeviceGetName");
        int failed = function.invokeInt(new Object[] {name, NAME_BYTES, device});
        return failed == 0 ? Native.toString(name, StandardCharsets.UTF_8) : "GPU " + device;
    }

    private static long bytes(int device) {
        long[] free = new long[1];
        long[] total = new long[1];
        CudaApi.check("choosing a GPU", CudaApi.cudaSetDevice(device));
        CudaApi.check("asking for a GPU's memory", CudaApi.cudaMemGetInfo(free, total));
        return total[0];
    }
}
