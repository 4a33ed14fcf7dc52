package dev.longspan.tvm.runtime;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;

/**
 * What is needed of CUDA's runtime and TVM's C API does not have. Streams, graphs and pointers are numbers; all functions but
 * the last answer 0 if all went well. Only where the real library is loaded.
 */
final class CudaApi {
    /** Attributes of a device: the parts of its compute capability. */
    static final int MAJOR = 75;

    static final int MINOR = 76;

    /** A stream that does not wait for copies, and they do not wait for it. */
    static final int NON_BLOCKING = 1;

    /** An event that is not for measuring time. */
    static final int NO_TIMING = 2;

    /** A capture that other threads may allocate beside. */
    static final int RELAXED = 2;

    private CudaApi() {}

    static void bind(NativeLibrary library) {
        Native.register(CudaApi.class, library);
    }

    static native int cudaDriverGetVersion(int[] version);

    static native int cudaGetDeviceCount(int[] count);

    static native int cudaDeviceGetAttribute(int[] value, int attribute, int device);

    static native int cudaSetDevice(int device);

    static native int cudaMemGetInfo(long[] free, long[] total);

    static native int cudaMemset(long address, int value, long bytes);

    static native int cudaStreamCreate(long[] stream);

    static native int cudaStreamCreateWithFlags(long[] stream, int flags);

    static native int cudaStreamSynchronize(long stream);

    static native int cudaStreamDestroy(long stream);

    static native int cudaStreamBeginCapture(long stream, int mode);

    static native int cudaStreamEndCapture(long stream, long[] graph);

    static native int cudaEventCreateWithFlags(long[] event, int flags);

    static native int cudaEventRecord(long event, long stream);

    static native int cudaStreamWaitEvent(long stream, long event, int flags);

    static native int cudaEventDestroy(long event);

    static native int cudaGraphInstantiate(long[] executable, long graph, long flags);

    static native int cudaGraphLaunch(long executable, long stream);

    static native int cudaGraphDestroy(long graph);

    static native int cudaGraphExecDestroy(long executable);

    static native int cudaGetLastError();

    static native String cudaGetErrorString(int error);

    /** Throws CUDA's own words if a call failed. */
    static void check(String what, int answer) {
        if (answer != 0) {
            cudaGetLastError(); // else the next call is blamed, too
            throw new TvmException(what + ": " + cudaGetErrorString(answer) + " (CUDA error " + answer + ")");
        }
    }
}
