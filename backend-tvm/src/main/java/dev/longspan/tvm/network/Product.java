package dev.longspan.tvm.network;

import dev.longspan.tvm.runtime.DeviceMemory;
import dev.longspan.tvm.runtime.KernelCall;

/** Rows times one matrix. */
final class Product {
    private final long tasks;
    private final KernelCall call;

    /** What is done with a sum. */
    enum Then {
        STORE(0, 0),
        STORE_RELU_SQUARED(1, 0),
        ADD(0, 1);

        private final int activation;
        private final int accumulate;

        Then(int activation, int accumulate) {
            this.activation = activation;
            this.accumulate = accumulate;
        }
    }

    /**
     * Makes a product.
     *
     * @param x the rows, each so many numbers as a padded row of the matrix has
     * @param xStride how far they are apart
     * @param y where the results go
     * @param yStride how far they are apart; whole vectors are written
     */
    Product(KernelSet kernels, Matrix matrix, DeviceMemory x, long xStride, DeviceMemory y, long yStride, Then then) {
        tasks = kernels.productTasks(matrix.outputs());
        call = kernels.product(matrix)
                .memory(0, x)
                .memory(1, matrix.memory())
                .memory(2, y)
                .integer(4, matrix.outputs())
                .integer(5, matrix.paddedInputs())
                .integer(6, xStride)
                .integer(7, yStride)
                .integer(8, then.activation)
                .integer(9, then.accumulate);
    }

    void run(int rows) {
        call.integer(3, rows).run(tasks);
    }
}
