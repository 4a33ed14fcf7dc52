package dev.longspan.spi;

import java.nio.ByteBuffer;

/** Takes what a {@link Checkpoint} writes. Called from one thread. */
public interface StateSink {
    /**
     * Is called before each tensor.
     *
     * @param tensor the tensor that would come next
     * @return whether it is wanted; if not, {@link #write} is not called for it
     */
    boolean begin(TensorInfo tensor);

    /**
     * Takes the next bytes of the tensor begun last, all of them together exactly {@link TensorInfo#bytes}.
     *
     * @param bytes little-endian numbers, row by row, from position to limit; valid only during the call
     */
    void write(ByteBuffer bytes);
}
