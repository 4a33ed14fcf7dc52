package dev.longspan.snapshot;

import dev.longspan.SnapshotFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;

/** A new file of a snapshot, hashed while it is written. */
final class HashedFile implements WritableByteChannel {
    private final Disk disk;
    private final Path path;
    private final FileChannel channel;
    private final Sha256 hash = new Sha256();
    private long size;

    private HashedFile(Disk disk, Path path, FileChannel channel) {
        this.disk = disk;
        this.path = path;
        this.channel = channel;
    }

    static HashedFile create(Disk disk, Path path) throws IOException {
        return new HashedFile(disk, path, disk.create(path));
    }

    @Override
    public int write(ByteBuffer bytes) throws IOException {
        if (!channel.isOpen()) {
            throw new ClosedChannelException();
        }
        int count = bytes.remaining();
        hash.add(bytes.duplicate());
        disk.write(path, channel, bytes);
        size += count;
        return count;
    }

    /** Forces the file to disk and says what is in it. */
    SnapshotFile finish() throws IOException {
        disk.force(path, channel);
        return new SnapshotFile(size, hash.hex());
    }

    @Override
    public boolean isOpen() {
        return channel.isOpen();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
