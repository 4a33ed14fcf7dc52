package dev.longspan.tvm.network;

import dev.longspan.tvm.runtime.DeviceMemory;
import dev.longspan.tvm.runtime.KernelCall;

/** Rows times the matrices of the experts that they have chosen. */
final class ExpertProduct {
    private final KernelSet kernels;
    private final int experts;
    private final int outputs;
    private final KernelCall call;

    /**
     * Makes a product.
     *
     * @param matrix those of all experts, one behind the other
     * @param experts how many there are
     * @param x the rows
     * @param y where the results go, one row for each slot
     * @param starts the first slot of each expert, and the end
     * @param slotRows which row of x a slot is about
     * @param first whether this is the first of two: x is by row, and what comes of it is relu(y) squared; else x is by slot
     */
    ExpertProduct(
            KernelSet kernels,
            Matrix matrix,
            int experts,
            Rows x,
            Rows y,
            DeviceMemory starts,
            DeviceMemory slotRows,
            boolean first) {
        this.kernels = kernels;
        this.experts = experts;
        this.outputs = matrix.outputs();
        call = kernels.expertProduct(matrix)
                .memory(0, x.memory)
                .memory(1, matrix.memory())
                .memory(2, y.memory)
                .memory(3, starts)
                .memory(4, slotRows)
                .integer(5, experts)
                .integer(6, matrix.outputs())
                .integer(7, matrix.paddedInputs())
                .integer(8, x.stride)
                .integer(9, y.stride)
                .integer(10, first ? 1 : 0)
                .integer(11, first ? 1 : 0);
    }

    /**
     * Rows of numbers.
     *
     * @param memory where they lie
     * @param stride how far they are apart
     */
    record Rows(DeviceMemory memory, long stride) {}

    /** Computes them. Of one row most experts have nothing to do: what one has is for more threads than one. */
    void run(int slots) {
        long tasks = kernels.expertTasks(slots, experts, outputs);
        call.run(tasks, 1, Math.max(1, kernels.productTasks(outputs) / 2));
    }
}
