package dev.longspan.http.server;

import dev.longspan.ChatEngine;
import dev.longspan.SnapshotInfo;
import dev.longspan.spi.LongspanException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How large all snapshots are together. A store may hold many, so this is looked up now and then, and never by who asks. */
final class SnapshotBytes {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotBytes.class);
    private static final long FRESH_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final ChatEngine engine;
    private final Executor refresher;
    private final AtomicBoolean refreshing = new AtomicBoolean();
    private volatile long bytes;
    private volatile long lookedUp;

    SnapshotBytes(ChatEngine engine, Executor refresher) {
        this.engine = engine;
        this.refresher = refresher;
        refresh();
    }

    /** {@return what was found last} */
    long bytes() {
        if (System.nanoTime() - lookedUp > FRESH_NANOS) {
            refresh();
        }
        return bytes;
    }

    private void refresh() {
        if (!refreshing.compareAndSet(false, true)) {
            return;
        }
        try {
            refresher.execute(() -> {
                try {
                    bytes = engine.snapshots().list().stream()
                            .mapToLong(SnapshotInfo::bytes)
                            .sum();
                } catch (LongspanException e) {
                    LOG.warn("the snapshots cannot be listed", e);
                } finally {
                    lookedUp = System.nanoTime();
                    refreshing.set(false);
                }
            });
        } catch (RejectedExecutionException e) {
            LOG.debug("the server ends", e);
        }
    }
}
