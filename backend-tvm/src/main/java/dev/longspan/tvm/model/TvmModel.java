package dev.longspan.tvm.model;

import dev.longspan.spi.Batch;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import dev.longspan.spi.StateSource;
import dev.longspan.tvm.memory.MemoryAccount;
import dev.longspan.tvm.memory.SequenceMemory;
import dev.longspan.tvm.memory.StateLayout;
import dev.longspan.tvm.memory.StateTransfer;
import dev.longspan.tvm.network.Network;
import dev.longspan.tvm.runtime.KernelRunner;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A loaded model: its network, and the states and checkpoints that are open. */
final class TvmModel implements LanguageModel {
    private final ModelSpec spec;
    private final StateLayout layout;
    private final Network network;
    private final BatchRunner batches;
    private final KernelRunner runner;
    private final MemoryAccount account;
    private final Consumer<TvmModel> onClose;
    private final Set<Owned> owned = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /** What is closed with the model. */
    interface Owned {
        void close();
    }

    TvmModel(
            ModelSpec spec,
            StateLayout layout,
            Network network,
            KernelRunner runner,
            MemoryAccount account,
            Consumer<TvmModel> onClose) {
        this.spec = spec;
        this.layout = layout;
        this.network = network;
        this.runner = runner;
        this.account = account;
        this.onClose = onClose;
        batches = new BatchRunner(this, network, account);
    }

    @Override
    public ModelSpec spec() {
        requireOpen();
        return spec;
    }

    @Override
    public SequenceState newState() {
        requireOpen();
        return own(new TvmState(this, SequenceMemory.empty(layout, account)));
    }

    @Override
    public SequenceState newState(Checkpoint checkpoint) {
        requireOpen();
        return own(new TvmState(this, ownCheckpoint(checkpoint).using(SequenceMemory::copy)));
    }

    @Override
    public List<RunResult> forward(Batch batch) {
        return runner.run(() -> {
            requireOpen();
            return batches.run(batch);
        });
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
        return newCheckpoint(StateTransfer.read(layout, account, source, base));
    }

    private TvmCheckpoint ownCheckpoint(Checkpoint checkpoint) {
        if (checkpoint instanceof TvmCheckpoint own && own.model() == this) {
            return own;
        }
        throw new IllegalArgumentException("checkpoint: expected one of this model, found another model's");
    }

    TvmCheckpoint newCheckpoint(SequenceMemory memory) {
        return own(new TvmCheckpoint(this, memory));
    }

    private <T extends Owned> T own(T made) {
        owned.add(made);
        if (closed) {
            made.close();
            throw closedException();
        }
        return made;
    }

    /** {@return what is held while a batch is computed} */
    ReentrantLock lock() {
        return runner.lock();
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
        runner.lock().lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            for (Owned one : owned) {
                one.close();
            }
            batches.release();
            network.release();
        } finally {
            runner.lock().unlock();
        }
        onClose.accept(this);
    }
}
