package dev.longspan.engine;

import dev.longspan.spi.Checkpoint;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
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
    /** Who has its pages in common, and those of the checkpoints from which it was reached. */
    private final List<Ancestor> lineage = new ArrayList<>();

    private final AtomicInteger keepers = new AtomicInteger();

    /**
     * Takes a checkpoint over.
     *
     * @param checkpoint an open checkpoint that nobody else closes
     */
    public SharedCheckpoint(Checkpoint checkpoint) {
        this(checkpoint, null);
    }

    /**
     * Takes over a checkpoint of a state that has gone on from another.
     *
     * @param checkpoint an open checkpoint that nobody else closes
     * @param before the newest checkpoint that the state started from or left behind; null if there is none
     */
    SharedCheckpoint(Checkpoint checkpoint, @Nullable SharedCheckpoint before) {
        this.checkpoint = checkpoint;
        this.length = checkpoint.length();
        if (before != null) {
            lineage.addAll(before.lineage);
        }
        lineage.add(new Ancestor(new Lineage(), length));
    }

    /**
     * A beginning that this checkpoint has in common with others.
     *
     * @param lineage who has it
     * @param tokens how long it is
     */
    private record Ancestor(Lineage lineage, int tokens) {}

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

    /**
     * Notes that somebody has the pages of this checkpoint.
     *
     * @param holder who has them
     * @return the lineages in which that is noted
     */
    public List<Lineage> join(Object holder) {
        List<Lineage> joined = new ArrayList<>();
        for (Ancestor each : lineage) {
            each.lineage.join(holder, each.tokens);
            joined.add(each.lineage);
        }
        return joined;
    }

    /** Takes that back. */
    void leave(Object holder) {
        lineage.forEach(each -> each.lineage.leave(holder));
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
