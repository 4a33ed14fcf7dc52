package dev.longspan.reference;

import dev.longspan.reference.memory.MemoryLedger;
import dev.longspan.reference.memory.SequenceMemory;
import dev.longspan.reference.memory.StateLayout;
import dev.longspan.reference.memory.StateTransfer;
import dev.longspan.reference.network.NetworkRunner;
import dev.longspan.reference.network.Team;
import dev.longspan.spi.Batch;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import dev.longspan.spi.StateSource;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A loaded model: its network, and the states and checkpoints that are open. */
final class ReferenceModel implements LanguageModel {
    private final ModelSpec spec;
    private final StateLayout layout;
    private final NetworkRunner runner;
    private final BatchRunner batches;
    private final Team team;
    private final MemoryLedger ledger;
    private final long weightBytes;
    private final Consumer<ReferenceModel> onClose;
    private final Set<Owned> owned = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /** What is closed with the model. */
    interface Owned {
        void close();
    }

    ReferenceModel(
            ModelSpec spec,
            NetworkRunner runner,
            Team team,
            MemoryLedger ledger,
            long weightBytes,
            Consumer<ReferenceModel> onClose) {
        this.spec = spec;
        this.runner = runner;
        this.team = team;
        this.ledger = ledger;
        this.weightBytes = weightBytes;
        this.onClose = onClose;
        layout = StateLayout.of(spec);
        batches = new BatchRunner(this, runner);
    }

    @Override
    public ModelSpec spec() {
        requireOpen();
        return spec;
    }

    @Override
    public SequenceState newState() {
        requireOpen();
        return own(new ReferenceState(this, SequenceMemory.empty(layout, ledger)));
    }

    @Override
    public SequenceState newState(Checkpoint checkpoint) {
        requireOpen();
        ReferenceCheckpoint from = ownCheckpoint(checkpoint);
        return own(new ReferenceState(this, from.using(SequenceMemory::copy)));
    }

    @Override
    public List<RunResult> forward(Batch batch) {
        team.lock().lock();
        try {
            requireOpen();
            return batches.run(batch);
        } finally {
            team.lock().unlock();
        }
    }

    @Override
    public Checkpoint readCheckpoint(StateSource source) {
        requireOpen();
        return read(source, null);
    }

    @Override
    public Checkpoint readCheckpoint(StateSource source, Checkpoint base) {
        requireOpen();
        return ownCheckpoint(base).using(memory -> read(source, memory));
    }

    private Checkpoint read(StateSource source, @Nullable SequenceMemory base) {
        return newCheckpoint(StateTransfer.read(layout, ledger, source, base));
    }

    private ReferenceCheckpoint ownCheckpoint(Checkpoint checkpoint) {
        if (checkpoint instanceof ReferenceCheckpoint own && own.model() == this) {
            return own;
        }
        throw new IllegalArgumentException("checkpoint: expected one of this model, found another model's");
    }

    ReferenceCheckpoint newCheckpoint(SequenceMemory memory) {
        return own(new ReferenceCheckpoint(this, memory));
    }

    private <T extends Owned> T own(T made) {
        owned.add(made);
        if (closed) {
            made.close();
            throw closedException();
        }
        return made;
    }

    void disown(Owned closedOne) {
        owned.remove(closedOne);
    }

    boolean isClosed() {
        return closed;
    }

    private void requireOpen() {
        if (closed) {
            throw closedException();
        }
    }

    private static IllegalStateException closedException() {
        return new IllegalStateException("the model is closed");
    }

    @Override
    public void close() {
        team.lock().lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            for (Owned one : owned) {
                one.close();
            }
            runner.release();
            ledger.release(weightBytes);
        } finally {
            team.lock().unlock();
        }
        onClose.accept(this);
    }
}
