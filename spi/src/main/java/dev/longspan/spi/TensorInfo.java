package dev.longspan.spi;

import java.util.List;

/**
 * The name, data type and shape of a tensor, stored row by row in little-endian order.
 *
 * @param name its name
 * @param dtype the type of its numbers
 * @param shape its sizes, outermost first, each at least 0
 */
public record TensorInfo(String name, DType dtype, List<Long> shape) {
    /** Checks and copies the components. */
    public TensorInfo {
        shape = List.copyOf(shape);
        long count = dtype.bytes();
        for (long size : shape) {
            if (size < 0) {
                throw new IllegalArgumentException(name + ": negative size in shape " + shape);
            }
            count = Math.multiplyExact(count, size);
        }
    }

    /** {@return how many numbers it holds} */
    public long elements() {
        long count = 1;
        for (long size : shape) {
            count *= size;
        }
        return count;
    }

    /** {@return how many bytes its numbers take} */
    public long bytes() {
        return elements() * dtype.bytes();
    }
}
