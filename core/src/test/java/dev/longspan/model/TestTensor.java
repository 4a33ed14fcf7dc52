package dev.longspan.model;

import java.util.Arrays;
import java.util.List;

/** A tensor to write into a file. */
final class TestTensor {
    private final String dtype;
    private final List<Long> shape;
    private final byte[] bytes;

    TestTensor(String dtype, List<Long> shape, byte[] bytes) {
        this.dtype = dtype;
        this.shape = shape;
        this.bytes = bytes;
    }

    static TestTensor of(String dtype, int elementBytes, long... shape) {
        List<Long> sizes = Arrays.stream(shape).boxed().toList();
        long count = Arrays.stream(shape).reduce(elementBytes, (a, b) -> a * b);
        return new TestTensor(dtype, sizes, new byte[Math.toIntExact(count)]);
    }

    String dtype() {
        return dtype;
    }

    List<Long> shape() {
        return shape;
    }

    byte[] bytes() {
        return bytes;
    }
}
