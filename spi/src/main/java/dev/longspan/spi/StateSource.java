package dev.longspan.spi;

import java.nio.ByteBuffer;

/** Gives back what a {@link Checkpoint} wrote. Called from one thread, each tensor once and from its beginning on. */
public interface StateSource {
    /** {@return the checkpoint's length in tokens} */
    int length();

    /**
     * {@return data type and shape of a tensor}
     *
     * @param name its name, as {@link Checkpoint#tensors} gives it
     * @throws IllegalArgumentException if there is no such tensor
     */
    TensorInfo info(String name);

    /**
     * Reads a part of a tensor into {@code target}, from its position to its limit.
     *
     * @param name the tensor's name
     * @param offset where to begin, in bytes from the tensor's first; never before the end of the last part read of it
     * @param target filled with little-endian numbers as stored; its byte order is not looked at
     */
    void read(String name, long offset, ByteBuffer target);
}
