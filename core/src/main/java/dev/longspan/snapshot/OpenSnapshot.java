package dev.longspan.snapshot;

import dev.longspan.SnapshotCorruptException;
import dev.longspan.SnapshotFile;
import dev.longspan.SnapshotInfo;
import dev.longspan.SnapshotReader;
import dev.longspan.SnapshotStoreException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** The open files of one snapshot. */
final class OpenSnapshot implements SnapshotReader {
    private static final int BUFFER = 1 << 18;

    private final Disk disk;
    private final SnapshotInfo info;
    private final byte[] manifest;
    private final Map<String, OpenFile> files = new LinkedHashMap<>();

    private record OpenFile(Path path, FileChannel channel, SnapshotFile expected) {}

    /** Takes what a verified part's bytes are handed to, in order. */
    interface Bytes {
        void take(ByteBuffer bytes) throws IOException;
    }

    private OpenSnapshot(Disk disk, SnapshotInfo info, byte[] manifest) {
        this.disk = disk;
        this.info = info;
        this.manifest = manifest;
    }

    /** Opens every file and checks its size. */
    static OpenSnapshot open(Disk disk, SnapshotEntry entry, String id, byte[] manifest) {
        SnapshotInfo info = Manifest.read(id, manifest);
        entry.requireFiles(info);
        OpenSnapshot open = new OpenSnapshot(disk, info, manifest);
        boolean opened = false;
        try {
            info.files().forEach((name, expected) -> open.openFile(entry, name, expected));
            opened = true;
            return open;
        } finally {
            if (!opened) {
                open.close();
            }
        }
    }

    private void openFile(SnapshotEntry entry, String name, SnapshotFile expected) {
        Path path = entry.file(name);
        try {
            FileChannel channel = disk.open(path);
            files.put(name, new OpenFile(path, channel, expected));
            entry.requireSize(name, expected, channel.size());
        } catch (IOException e) {
            throw StorageFaults.of(path, "cannot be opened", e);
        }
    }

    @Override
    public SnapshotInfo info() {
        return info;
    }

    /** The manifest's bytes as they are stored. */
    byte[] manifest() {
        return manifest;
    }

    long size(String part) {
        return file(part).expected().size();
    }

    @Override
    public SeekableByteChannel open(String part) {
        OpenFile file = file(part);
        try {
            verify(part, bytes -> {});
        } catch (IOException e) {
            throw StorageFaults.of(file.path(), "cannot be read", e);
        }
        return new View(file);
    }

    /** Hands out a part's bytes while they are hashed, and fails at the end if they are not what was saved. */
    void verify(String part, Bytes target) throws IOException {
        OpenFile file = file(part);
        Sha256 hash = new Sha256();
        ByteBuffer buffer = ByteBuffer.allocate(
                (int) Math.max(1, Math.min(BUFFER, file.expected().size())));
        long position = 0;
        long size = file.expected().size();
        while (position < size) {
            buffer.clear().limit((int) Math.min(buffer.capacity(), size - position));
            int count = read(file, position, buffer);
            if (count < 0) {
                throw new SnapshotCorruptException(
                        info.id(), part, "expected " + size + " bytes, found the end at " + position);
            }
            position += count;
            hash.add(buffer.array(), 0, count);
            target.take(buffer.flip());
        }
        requireHash(info.id(), part, file.expected().sha256(), hash.hex());
    }

    /** Refuses a part whose content is not what the manifest says. */
    static void requireHash(String id, String part, String expected, String found) {
        if (!found.equals(expected)) {
            throw new SnapshotCorruptException(
                    id, part, "expected content with the SHA-256 " + expected + ", found " + found);
        }
    }

    private int read(OpenFile file, long position, ByteBuffer target) {
        try {
            return disk.read(file.path(), file.channel(), position, target);
        } catch (IOException e) {
            throw StorageFaults.of(file.path(), "cannot be read", e);
        }
    }

    private OpenFile file(String part) {
        OpenFile file = files.get(part);
        if (file == null) {
            throw new IllegalArgumentException("expected one of the parts " + files.keySet() + ", found " + part);
        }
        return file;
    }

    @Override
    public void close() {
        SnapshotStoreException fault = null;
        for (OpenFile file : files.values()) {
            try {
                file.channel().close();
            } catch (IOException e) {
                fault = StorageFaults.of(file.path(), "cannot be closed", e);
            }
        }
        if (fault != null) {
            throw fault;
        }
    }

    /** A part with a position of its own; closing it leaves the file open. */
    private final class View implements SeekableByteChannel {
        private final OpenFile file;
        private long position;
        private boolean open = true;

        View(OpenFile file) {
            this.file = file;
        }

        private void requireOpen() throws IOException {
            if (!isOpen()) {
                throw new ClosedChannelException();
            }
        }

        @Override
        public int read(ByteBuffer target) throws IOException {
            requireOpen();
            int count = disk.read(file.path(), file.channel(), position, target);
            position += Math.max(0, count);
            return count;
        }

        @Override
        public long position() throws IOException {
            requireOpen();
            return position;
        }

        @Override
        public SeekableByteChannel position(long newPosition) throws IOException {
            requireOpen();
            if (newPosition < 0) {
                throw new IllegalArgumentException("expected a position of at least 0, found " + newPosition);
            }
            position = newPosition;
            return this;
        }

        @Override
        public long size() throws IOException {
            requireOpen();
            return file.expected().size();
        }

        @Override
        public int write(ByteBuffer source) {
            throw new NonWritableChannelException();
        }

        @Override
        public SeekableByteChannel truncate(long size) {
            throw new NonWritableChannelException();
        }

        @Override
        public boolean isOpen() {
            return open && file.channel().isOpen();
        }

        @Override
        public void close() {
            open = false;
        }
    }
}
