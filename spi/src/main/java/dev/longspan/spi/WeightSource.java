package dev.longspan.spi;

import java.nio.ByteBuffer;
import java.util.Set;

/**
 * The weights of a model, under the names of {@link ModelSpec#tensors}; what the files call them is the source's business.
 *
 * <p>Weights come in F32, BF16 or F16, and each tensor of a model may have another of these types: a backend takes all three in
 * any mixture, whatever it computes in.
 *
 * <p>All methods may be called from any thread.
 */
public interface WeightSource {
    /** The most bytes that one call of {@link #map} gives: 1 GiB. */
    long MAX_MAP_BYTES = 1L << 30;

    /** {@return the names of all tensors that can be read} */
    Set<String> names();

    /**
     * {@return data type and shape of a tensor}
     *
     * @param name the tensor's name
     * @throws ModelLoadException if there is no such tensor
     */
    TensorInfo info(String name);

    /**
     * Reads a part of a tensor into {@code target}, from its position to its limit.
     *
     * @param name the tensor's name
     * @param offset where to begin, in bytes from the tensor's first
     * @param target filled with little-endian numbers as stored; its byte order is not looked at
     * @throws ModelLoadException if there is no such tensor, or if it cannot be read
     * @throws IndexOutOfBoundsException if the part does not lie inside the tensor
     */
    void read(String name, long offset, ByteBuffer target);

    /**
     * {@return a part of a tensor as a read-only little-endian buffer}
     *
     * <p>The buffer may be a mapping of the file. A mapping lives until it is collected.
     *
     * @param name the tensor's name
     * @param offset where to begin, in bytes from the tensor's first
     * @param length how many bytes, at most {@link #MAX_MAP_BYTES}
     * @throws ModelLoadException if there is no such tensor, or if it cannot be read
     * @throws IndexOutOfBoundsException if the part does not lie inside the tensor
     * @throws IllegalArgumentException if {@code length} is above {@link #MAX_MAP_BYTES}
     */
    ByteBuffer map(String name, long offset, long length);
}
