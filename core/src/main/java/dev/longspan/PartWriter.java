package dev.longspan;

import java.io.IOException;
import java.nio.channels.WritableByteChannel;

/** Writes one part of a snapshot, piece by piece. */
@FunctionalInterface
public interface PartWriter {
    /**
     * Writes the part. Is called at most once.
     *
     * @param target takes all bytes of every write; not to be closed or kept
     * @throws IOException if the target fails
     */
    void writeTo(WritableByteChannel target) throws IOException;
}
