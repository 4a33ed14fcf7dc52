package dev.longspan;

import java.nio.channels.SeekableByteChannel;

/** A snapshot opened for reading. Any thread, one at a time. */
public interface SnapshotReader extends AutoCloseable {
    /** {@return what the manifest says} */
    SnapshotInfo info();

    /**
     * Reads a part whole, checks size and SHA-256, and only then gives it out.
     *
     * @param part one of {@link SnapshotDraft#PARTS}
     * @return a read-only channel at position 0 on the same open file, usable until this reader is closed
     * @throws SnapshotCorruptException if the content is not what was saved
     * @throws SnapshotStoreException if it cannot be read
     */
    SeekableByteChannel open(String part);

    /** Closes all files. */
    @Override
    void close();
}
