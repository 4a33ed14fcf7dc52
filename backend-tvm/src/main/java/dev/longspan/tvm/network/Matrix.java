package dev.longspan.tvm.network;

import dev.longspan.tvm.memory.Padding;
import dev.longspan.tvm.runtime.DeviceMemory;

/**
 * A weight matrix [outputs, inputs] on the device, its rows padded by zeros, or several of them, one behind the other.
 *
 * @param memory where it lies
 * @param kind its numbers
 * @param outputs how many rows
 * @param inputs how many numbers a row has before the padding
 */
record Matrix(DeviceMemory memory, Kind kind, int outputs, int inputs) {
    /** What numbers a matrix has. */
    enum Kind {
        F32("f32", 4),
        BF16("bf16", 2);

        private final String suffix;
        private final int bytes;

        Kind(String suffix, int bytes) {
            this.suffix = suffix;
            this.bytes = bytes;
        }

        String suffix() {
            return suffix;
        }

        int bytes() {
            return bytes;
        }
    }

    int paddedInputs() {
        return Padding.padded(inputs);
    }
}
