package dev.longspan.tvm.network;

import dev.longspan.spi.ModelSpec;
import dev.longspan.tvm.memory.MemoryAccount;
import dev.longspan.tvm.runtime.DeviceMemory;
import java.util.HashMap;
import java.util.Map;

/** The intermediate results of one pass; allocated with the model, and used again and again. */
final class Workspace {
    private final MemoryAccount account;
    private final Map<BufferSize, DeviceMemory> buffers = new HashMap<>();

    Workspace(ModelSpec spec, KernelSet kernels, MemoryAccount account) {
        this.account = account;
        boolean done = false;
        try {
            for (BufferSize size : BufferSize.of(spec, kernels)) {
                buffers.put(size, account.allocateWorkspace(size.name(), size.bytes(kernels.maxRows())));
            }
            done = true;
        } finally {
            if (!done) {
                release();
            }
        }
    }

    static long bytes(ModelSpec spec, KernelSet kernels) {
        return BufferSize.of(spec, kernels).stream()
                .mapToLong(size -> size.bytes(kernels.maxRows()))
                .sum();
    }

    DeviceMemory get(BufferSize size) {
        DeviceMemory buffer = buffers.get(size);
        if (buffer == null) {
            throw new IllegalStateException("no layer has asked for " + size);
        }
        return buffer;
    }

    void release() {
        buffers.values().forEach(account::freeWorkspace);
        buffers.clear();
    }
}
