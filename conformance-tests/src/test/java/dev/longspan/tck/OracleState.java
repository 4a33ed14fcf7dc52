package dev.longspan.tck;

import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.SequenceState;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/** A state of the {@link OracleBackend}. */
final class OracleState extends OracleHolder implements SequenceState {
    /** The checkpoint it started from; null if it began empty. */
    private final OracleCheckpoint parent;

    private boolean failed;
    private int reported;

    OracleState(OracleModel model, OracleCheckpoint parent) {
        super(model, parent);
        this.parent = parent;
        this.reported = held();
    }

    OracleCheckpoint parent() {
        return parent;
    }

    void requireUsable() {
        model.requireOpen();
        if (isClosed() || (failed && model.flaw() != Flaw.FAILED_STATE_GOES_ON)) {
            throw new IllegalStateException("the state is " + (failed ? "failed" : "closed"));
        }
    }

    void fail() {
        failed = true;
    }

    boolean hasFailed() {
        return failed;
    }

    /** Takes the keys and values of another that begins like it. */
    void mix(Map<String, double[]> others) {
        Map<String, double[]> mixed = new HashMap<>(state());
        mixed.replaceAll((name, numbers) -> OracleModel.overwritten(name, numbers, others));
        become(mixed);
    }

    /** The length as it is told. */
    void report(int rows, int tokens) {
        reported += model.flaw() == Flaw.LENGTH_COUNTS_ROWS ? rows : tokens;
    }

    @Override
    public int length() {
        requireUsable();
        return reported;
    }

    @Override
    public long bytes() {
        requireUsable();
        return parent != null && model.flaw() == Flaw.FORKS_COUNT_THEIR_OWN ? countExclusive() : countBytes();
    }

    @Override
    public long exclusiveBytes() {
        requireUsable();
        model.requireEngine(Flaw.STATES_TELL_THE_ENGINE_ONLY);
        return parent != null && model.flaw() == Flaw.FORKS_PROMISE_ALL ? countBytes() : countExclusive();
    }

    @Override
    public Checkpoint checkpoint() {
        requireUsable();
        model.overwrite(Flaw.CHECKPOINTS_OVERWRITE_LOGITS);
        return model.opened(new OracleCheckpoint(model, this));
    }

    @Override
    public void close() {
        if (failed && model.flaw() == Flaw.FAILED_STATE_LEAKS) {
            return;
        } else if (isClosed() && model.flaw() == Flaw.LATE_CLOSE_IS_COUNTED) {
            model.ledger().take("what was given back already", 1);
        }
        if (!release()) {
            if (model.flaw() == Flaw.CLOSING_TWICE_THROWS) {
                throw new IllegalStateException("the state is closed");
            } else if (model.flaw() == Flaw.CLOSE_HANGS && !failed) {
                hang();
            }
        }
        model.forget(this);
    }

    /** Waits for what never comes, until the thread is interrupted. */
    static void hang() {
        while (!Thread.currentThread().isInterrupted()) {
            LockSupport.park();
        }
    }
}
