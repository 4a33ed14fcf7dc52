package dev.longspan.engine;

import dev.longspan.spi.Checkpoint;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A checkpoint with several holders: closed when the last of them lets it go. Made with one holder. Any thread.
 */
public final class SharedCheckpoint {
    private static final Logger LOG = LoggerFactory.getLogger(SharedCheckpoint.class);

    private final Checkpoint checkpoint;
    private final int length;
    private final AtomicInteger holders = new AtomicInteger(1);
    private final Lineage lineage = new Lineage();
    private final AtomicInteger keepers = new AtomicInteger();

    /**
     * Takes a checkpoint over.
     *
     * @param checkpoint an open checkpoint that nobody else closes
     */
    public SharedCheckpoint(Checkpoint checkpoint) {
        this.checkpoint = checkpoint;
        this.length = checkpoint.length();
    }

    /** {@return the checkpoint; open as long as the caller holds this} */
    public Checkpoint checkpoint() {
        return checkpoint;
    }

    /** {@return how many tokens it has absorbed} */
    public int length() {
        return length;
    }

    /** Notes that one of the holders keeps it for later: a session, or the cache of prefixes. */
    public void kept() {
        keepers.incrementAndGet();
    }

    /** Takes that back. */
    public void unkept() {
        keepers.decrementAndGet();
    }

    /** {@return who has its pages in common: the cache that has it, and sessions that started from there} */
    public Lineage lineage() {
        return lineage;
    }

    /** {@return how many keep it for later; who holds it for a moment is not counted} */
    public int keepers() {
        return keepers.get();
    }

    /** {@return this, with one more holder} */
    public SharedCheckpoint retain() {
        if (holders.getAndUpdate(count -> count == 0 ? 0 : count + 1) == 0) {
            throw new IllegalStateException("the checkpoint was closed");
        }
        return this;
    }

    /** Lets it go. Never throws: what was decided without this checkpoint must not fail by it. */
    public void release() {
        if (holders.decrementAndGet() == 0) {
            try {
                checkpoint.close();
            } catch (RuntimeException | Error e) {
                LOG.error("a checkpoint could not be closed", e);
            }
        }
    }
}
