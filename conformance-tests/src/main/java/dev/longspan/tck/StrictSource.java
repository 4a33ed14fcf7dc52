package dev.longspan.tck;

import static dev.longspan.tck.Driver.require;

import dev.longspan.spi.StateSource;
import dev.longspan.spi.TensorInfo;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A source that gives one thread each tensor once, from its beginning on, and keys and values only from a row on. */
final class StrictSource implements StateSource {
    private final MemoryCheckpoint whole;
    private final int firstRow;
    private final Map<String, Long> ends = new HashMap<>();
    /** The one that asked first. */
    private @Nullable Thread reader;

    StrictSource(MemoryCheckpoint whole, int firstRow) {
        this.whole = whole;
        this.firstRow = firstRow;
    }

    private void requireOneThread() {
        Thread own = Thread.currentThread();
        reader = reader == null ? own : reader;
        require(reader == own, "a source is asked by '" + reader.getName() + "' and by '" + own.getName() + "'");
    }

    @Override
    public synchronized int length() {
        requireOneThread();
        return whole.length();
    }

    @Override
    public synchronized TensorInfo info(String name) {
        requireOneThread();
        return whole.info(name);
    }

    @Override
    public synchronized void read(String name, long offset, ByteBuffer target) {
        requireOneThread();
        boolean paged = name.endsWith(".key") || name.endsWith(".value");
        long row = paged ? whole.info(name).bytes() / whole.length() : 0;
        require(offset >= row * firstRow, name + " is read from byte " + offset + ", before row " + firstRow);
        long end = ends.getOrDefault(name, 0L);
        require(offset >= end, name + " is read at byte " + offset + " after it was read to " + end);
        ends.put(name, offset + target.remaining());
        whole.read(name, offset, target);
    }
}
