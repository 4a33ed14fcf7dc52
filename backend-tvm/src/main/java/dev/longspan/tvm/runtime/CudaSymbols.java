package dev.longspan.tvm.runtime;

import java.util.List;

/** What TVM's runtime takes from the CUDA libraries: a stand-in has these, so that a call fails instead of ending the process. */
final class CudaSymbols {
    static final List<String> DRIVER = List.of(
            "cuDeviceGetName",
            "cuFuncSetAttribute",
            "cuGetErrorName",
            "cuLaunchKernel",
            "cuMemsetD32_v2",
            "cuModuleGetFunction",
            "cuModuleGetGlobal_v2",
            "cuModuleLoadData",
            "cuModuleUnload");

    static final List<String> RUNTIME = List.of(
            "cudaDeviceGetAttribute",
            "cudaEventCreate",
            "cudaEventDestroy",
            "cudaEventElapsedTime",
            "cudaEventRecord",
            "cudaEventSynchronize",
            "cudaFree",
            "cudaFreeHost",
            "cudaGetDevice",
            "cudaGetDeviceCount",
            "cudaGetDeviceProperties_v2",
            "cudaGetErrorString",
            "cudaGraphDestroy",
            "cudaGraphExecDestroy",
            "cudaGraphInstantiate",
            "cudaGraphLaunch",
            "cudaMalloc",
            "cudaMallocHost",
            "cudaMemGetInfo",
            "cudaMemcpyAsync",
            "cudaMemcpyPeerAsync",
            "cudaMemsetAsync",
            "cudaPeekAtLastError",
            "cudaSetDevice",
            "cudaStreamBeginCapture",
            "cudaStreamCreate",
            "cudaStreamCreateWithFlags",
            "cudaStreamDestroy",
            "cudaStreamEndCapture",
            "cudaStreamSynchronize",
            "cudaStreamWaitEvent");

    private CudaSymbols() {}
}
