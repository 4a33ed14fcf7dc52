package dev.longspan.model;

import java.util.List;

/**
 * A tensor as a file stores it.
 *
 * @param file the file's name
 * @param name the name the file gives it
 * @param dtype the data type's name as written, such as {@code BF16}; may be one that cannot be read
 * @param shape its sizes, outermost first
 * @param position where its bytes begin in the file
 * @param bytes how many bytes it has
 */
public record StoredTensor(String file, String name, String dtype, List<Long> shape, long position, long bytes) {
    /** Copies the components. */
    public StoredTensor {
        shape = List.copyOf(shape);
    }
}
