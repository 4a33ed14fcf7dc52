package com.example.plain;

import java.util.ArrayList;
import java.util.List;

/** What states and checkpoints have in common. */
abstract class Holder implements AutoCloseable {
    final PlainModel model;
    /** Other threads may ask how many there are while {@code forward} adds to them; what changes or counts them is synchronized. */
    final List<Row> rows = new ArrayList<>();

    private volatile boolean closed;

    Holder(PlainModel model, List<Row> shared) {
        this.model = model;
        for (Row row : shared) {
            row.retain();
            rows.add(row);
        }
        model.opened(this);
    }

    void requireOpen() {
        model.requireOpen();
        if (closed) {
            throw new IllegalStateException("it is closed");
        }
    }

    synchronized void add(Row row) {
        rows.add(row);
    }

    public synchronized int length() {
        requireOpen();
        return rows.size();
    }

    public synchronized long bytes() {
        requireOpen();
        return rows.size() * model.rowBytes();
    }

    public synchronized long exclusiveBytes() {
        requireOpen();
        return rows.stream().filter(row -> !row.isShared()).count() * model.rowBytes();
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            model.forget(this);
            for (Row row : rows) {
                if (row.release()) {
                    model.free(1);
                }
            }
        }
    }
}
