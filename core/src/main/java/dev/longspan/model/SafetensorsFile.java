package dev.longspan.model;

import dev.longspan.spi.ModelLoadException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.Map;

/**
 * A safetensors file, open for reading. All methods may be called from any thread.
 *
 * <p>An interrupt closes the channel under every thread that reads from it. The interrupted thread gets an exception; for
 * the others the file is opened again.
 */
final class SafetensorsFile implements AutoCloseable {
    private final String name;
    private final Path path;
    private final long size;
    private final Map<String, StoredTensor> tensors;

    private FileChannel channel;
    private boolean closed;

    private SafetensorsFile(String name, Path path, FileChannel channel, long size, Map<String, StoredTensor> tensors) {
        this.name = name;
        this.path = path;
        this.channel = channel;
        this.size = size;
        this.tensors = Collections.unmodifiableMap(tensors);
    }

    /** Opens a file and reads its header. */
    static SafetensorsFile open(FolderReader folder, String name) {
        Path path = folder.file(name);
        FileChannel channel = channel(name, path);
        try {
            long size = channel.size();
            if (size < SafetensorsHeader.LENGTH_BYTES) {
                throw new ModelLoadException(
                        name, "", "expected a header's length of 8 bytes, found a file of " + size + " bytes");
            }
            ByteBuffer length =
                    ByteBuffer.allocate(SafetensorsHeader.LENGTH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            fill(name, channel, 0, length);
            byte[] header = new byte[SafetensorsHeader.requireLength(name, length.getLong(0), size)];
            fill(name, channel, SafetensorsHeader.LENGTH_BYTES, ByteBuffer.wrap(header));
            Map<String, StoredTensor> tensors =
                    SafetensorsHeader.read(name, header, size).tensors();
            SafetensorsFile file = new SafetensorsFile(name, path, channel, size, tensors);
            channel = null;
            return file;
        } catch (IOException e) {
            throw FolderReader.unreadable(name, e);
        } finally {
            if (channel != null) {
                close(name, channel);
            }
        }
    }

    private static FileChannel channel(String name, Path path) {
        try {
            return FileChannel.open(path, StandardOpenOption.READ);
        } catch (IOException e) {
            throw FolderReader.unreadable(name, e);
        }
    }

    String name() {
        return name;
    }

    long size() {
        return size;
    }

    /** The tensors by name, in the header's order. */
    Map<String, StoredTensor> tensors() {
        return tensors;
    }

    /** Fills the rest of a buffer with the bytes from a position of the file. */
    void read(long position, ByteBuffer target) {
        int start = target.position();
        while (true) {
            try {
                fill(name, openChannel(), position, target);
                return;
            } catch (ClosedByInterruptException e) {
                throw FolderReader.unreadable(name, e);
            } catch (ClosedChannelException e) {
                target.position(start);
            } catch (IOException e) {
                throw FolderReader.unreadable(name, e);
            }
        }
    }

    /** A part of the file as a read-only little-endian mapping. */
    ByteBuffer map(long position, long length) {
        while (true) {
            try {
                return openChannel()
                        .map(FileChannel.MapMode.READ_ONLY, position, length)
                        .order(ByteOrder.LITTLE_ENDIAN);
            } catch (ClosedByInterruptException e) {
                throw FolderReader.unreadable(name, e);
            } catch (ClosedChannelException e) {
                // closed under this thread by the interrupt of another one: once more
            } catch (IOException e) {
                throw FolderReader.unreadable(name, e);
            }
        }
    }

    private static void fill(String name, FileChannel channel, long position, ByteBuffer target) throws IOException {
        long at = position;
        while (target.hasRemaining()) {
            int count = channel.read(target, at);
            if (count < 0) {
                throw new ModelLoadException(
                        name, "", "expected " + target.remaining() + " more bytes at " + at + ", found the file's end");
            }
            at += count;
        }
    }

    private synchronized FileChannel openChannel() {
        if (closed) {
            throw new IllegalStateException(name + " is closed");
        }
        if (!channel.isOpen()) {
            channel = channel(name, path);
        }
        return channel;
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            close(name, channel);
        }
    }

    private static void close(String name, FileChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            throw FolderReader.unreadable(name, e);
        }
    }
}
