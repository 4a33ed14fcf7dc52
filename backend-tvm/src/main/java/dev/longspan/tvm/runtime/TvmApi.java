package dev.longspan.tvm.runtime;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;

/**
 * TVM's C API, of version 0.18. Handles and pointers are numbers; a {@code DLDevice} is its two ints in one long, a
 * {@code DLDataType} its four bytes in one int, as the calling convention of x86-64 has them. All functions but the last answer 0 if
 * all went well.
 */
final class TvmApi {
    private TvmApi() {}

    static void bind(NativeLibrary library) {
        Native.register(TvmApi.class, library);
    }

    static native int TVMModLoadFromFile(String file, String format, long[] module);

    static native int TVMModGetFunction(long module, String name, int fromImports, long[] function);

    static native int TVMFuncCall(
            long function, long values, long typeCodes, int count, long result, long resultTypeCode);

    static native int TVMDeviceAllocDataSpace(long device, long bytes, long alignment, int type, long[] address);

    static native int TVMDeviceFreeDataSpace(long device, long address);

    static native int TVMDeviceCopyDataFromTo(long from, long to, long stream);

    static native int TVMSetStream(int deviceType, int deviceId, long stream);

    static native int TVMSynchronize(int deviceType, int deviceId, long stream);

    static native String TVMGetLastError();
}
