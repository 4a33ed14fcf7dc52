package com.example.plain;

import java.util.ArrayList;
import java.util.List;

/** What states and checkpoints have in common. */
abstract class Holder implements AutoCloseable {
    final PlainModel model;
    final List<Row> rows = new ArrayList<>();
    private boolean closed;

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

    public int length() {
        requireOpen();
        return rows.size();
    }

    public long bytes() {
        requireOpen();
        return rows.size() * model.rowBytes();
    }

    public long exclusiveBytes() {
        requireOpen();
        return rows.stream().filter(row -> !row.isShared()).count() * model.rowBytes();
    }

    @Override
    public void close() {
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
