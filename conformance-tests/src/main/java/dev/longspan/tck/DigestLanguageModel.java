package dev.longspan.tck;

import dev.longspan.spi.BackendException;
import dev.longspan.spi.BackendMemoryException;
import dev.longspan.spi.Batch;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.DType;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import dev.longspan.spi.StateSource;
import dev.longspan.spi.TensorInfo;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The digest model, loaded. The memory's lock guards everything. */
final class DigestLanguageModel implements LanguageModel {
    private final DigestBackend backend;
    private final DigestMemory memory;
    private final ModelSpec spec;
    private final long weightBytes;
    private final Set<DigestState> states = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Set<DigestCheckpoint> checkpoints = Collections.newSetFromMap(new IdentityHashMap<>());
    private long generation;
    private boolean closed;

    DigestLanguageModel(DigestBackend backend, DigestMemory memory, ModelSpec spec, long weightBytes) {
        this.backend = backend;
        this.memory = memory;
        this.spec = spec;
        this.weightBytes = weightBytes;
    }

    DigestMemory memory() {
        return memory;
    }

    @Override
    public ModelSpec spec() {
        synchronized (memory) {
            requireOpen();
            return spec;
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the model is closed");
        }
    }

    void requireGeneration(long expected) {
        synchronized (memory) {
            requireOpen();
            if (generation != expected) {
                throw new IllegalStateException("these logits are no longer valid: forward was called again");
            }
        }
    }

    Checkpoint register(DigestCheckpoint checkpoint) {
        checkpoints.add(checkpoint);
        return checkpoint;
    }

    void forget(DigestState state) {
        states.remove(state);
    }

    void forget(DigestCheckpoint checkpoint) {
        checkpoints.remove(checkpoint);
    }

    List<DigestState> states() {
        synchronized (memory) {
            return List.copyOf(states);
        }
    }

    List<DigestCheckpoint> checkpoints() {
        synchronized (memory) {
            return List.copyOf(checkpoints);
        }
    }

    @Override
    public SequenceState newState() {
        synchronized (memory) {
            requireOpen();
            return started(new DigestHolding(memory, new DigestRecurrence()));
        }
    }

    @Override
    public SequenceState newState(Checkpoint checkpoint) {
        synchronized (memory) {
            requireOpen();
            return started(own(checkpoint).holding.copy());
        }
    }

    private SequenceState started(DigestHolding holding) {
        DigestState state = new DigestState(this, holding);
        states.add(state);
        return state;
    }

    private DigestCheckpoint own(Checkpoint checkpoint) {
        if (!(checkpoint instanceof DigestCheckpoint own) || own.model != this) {
            throw new IllegalArgumentException("checkpoint: expected one of this model, found another's");
        }
        own.requireOpen();
        return own;
    }

    @Override
    public List<RunResult> forward(Batch batch) {
        synchronized (memory) {
            check(batch);
        }
        backend.arrive(batch);
        synchronized (memory) {
            check(batch);
            generation++;
            List<RunResult> results = new ArrayList<>();
            for (Run run : batch.runs()) {
                results.add(run(run, (DigestState) run.state()));
            }
            return List.copyOf(results);
        }
    }

    private void check(Batch batch) {
        requireOpen();
        if (batch.runs().size() > backend.limits().maxRuns()) {
            throw new IllegalArgumentException(
                    "batch: expected at most " + backend.limits().maxRuns() + " runs, found "
                            + batch.runs().size());
        }
        if (batch.tokens() > backend.limits().maxBatchTokens()) {
            throw new IllegalArgumentException(
                    "batch: expected at most " + backend.limits().maxBatchTokens() + " ids, found " + batch.tokens());
        }
        Set<SequenceState> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Run run : batch.runs()) {
            if (!(run.state() instanceof DigestState state) || state.model != this) {
                throw new IllegalArgumentException("state: expected one of this model, found another's");
            }
            state.requireUsable();
            if (!seen.add(state)) {
                throw new IllegalArgumentException("state: expected each at most once in a batch, found one twice");
            }
            for (int i = 0; i < run.size(); i++) {
                if (run.id(i) < 0 || run.id(i) >= spec.vocabularySize()) {
                    throw new IllegalArgumentException(
                            "id: expected 0 to " + (spec.vocabularySize() - 1) + ", found " + run.id(i));
                }
            }
        }
    }

    private RunResult run(Run run, DigestState state) {
        BackendException injected = backend.injectedFailure(run);
        if (injected != null) {
            return failure(state, injected);
        }
        DigestHolding holding = state.holding;
        try {
            holding.room(Math.addExact(holding.length(), run.size()));
        } catch (BackendMemoryException e) {
            return failure(state, e);
        }
        int[] favoured = new int[run.logitsRows()];
        long[] hashes = new long[run.logitsRows()];
        for (int i = 0; i < run.size(); i++) {
            holding.append(run.id(i));
            backend.countToken();
            if (holding.recurrence.failed(holding::id)) {
                return failure(
                        state, new BackendException("the script says !fail at position " + (holding.length() - 1)));
            }
            int row = i - run.logitsFrom();
            if (row >= 0) {
                favoured[row] = holding.recurrence.favoured(holding::id);
                hashes[row] = holding.recurrence.hash();
            }
        }
        return new RunResult.Success(new DigestLogits(this, generation, favoured, hashes));
    }

    private static RunResult failure(DigestState state, BackendException cause) {
        state.fail();
        return new RunResult.Failure(cause);
    }

    @Override
    public Checkpoint readCheckpoint(StateSource source) {
        return read(source, null);
    }

    @Override
    public Checkpoint readCheckpoint(StateSource source, Checkpoint base) {
        DigestCheckpoint own;
        synchronized (memory) {
            requireOpen();
            own = own(base);
            if (own.holding.length() > source.length()) {
                throw new IllegalArgumentException(
                        "base: expected at most " + source.length() + " tokens, found " + own.holding.length());
            }
            own.holding.hold();
        }
        try {
            return read(source, own.holding);
        } finally {
            synchronized (memory) {
                own.holding.drop();
            }
        }
    }

    private Checkpoint read(StateSource source, @Nullable DigestHolding base) {
        synchronized (memory) {
            requireOpen();
        }
        int tokens = source.length();
        for (TensorInfo expected : DigestCheckpoint.tensors(tokens)) {
            TensorInfo found = source.info(expected.name());
            boolean cache = !expected.name().startsWith("layers.0");
            if (!found.shape().equals(expected.shape())
                    || (found.dtype() != DType.F32 && !(cache && found.dtype() == DType.BF16))) {
                throw new IllegalArgumentException(expected.name() + ": expected " + expected.dtype() + " "
                        + expected.shape() + ", found " + found.dtype() + " " + found.shape());
            }
        }
        float[] conv = numbers(source, "layers.0.conv", 0, DigestRecurrence.CHANNELS * DigestRecurrence.REMEMBERED);
        float[] ssm = numbers(source, "layers.0.ssm", 0, DigestRecurrence.SSM_SIZE);
        DigestRecurrence recurrence;
        try {
            recurrence = DigestRecurrence.of(conv, ssm);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("layers.0.ssm or layers.0.conv: " + e.getMessage(), e);
        }
        if (recurrence.position() != tokens) {
            throw new IllegalArgumentException(
                    "layers.0.ssm: expected a state of " + tokens + " tokens, found " + recurrence.position());
        }
        int shared = base == null ? 0 : base.length();
        float[] keys = rows(source, "layers.1.key", shared, tokens);
        float[] values = rows(source, "layers.1.value", shared, tokens);
        synchronized (memory) {
            requireOpen();
            DigestHolding holding = new DigestHolding(memory, recurrence);
            try {
                if (base != null) {
                    holding.sharePages(base, shared);
                }
                holding.room(tokens);
            } catch (BackendMemoryException e) {
                holding.drop();
                throw e;
            }
            for (int t = shared; t < tokens; t++) {
                int at = t % DigestMemory.PAGE * DigestModel.ROW;
                int from = (t - shared) * DigestModel.ROW;
                System.arraycopy(keys, from, holding.keys(t / DigestMemory.PAGE), at, DigestModel.ROW);
                System.arraycopy(values, from, holding.values(t / DigestMemory.PAGE), at, DigestModel.ROW);
            }
            return register(new DigestCheckpoint(this, holding));
        }
    }

    private static float[] rows(StateSource source, String name, int from, int to) {
        return numbers(source, name, from * DigestModel.ROW, (to - from) * DigestModel.ROW);
    }

    private static float[] numbers(StateSource source, String name, int from, int count) {
        DType dtype = source.info(name).dtype();
        ByteBuffer bytes = ByteBuffer.allocate(count * dtype.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        source.read(name, (long) from * dtype.bytes(), bytes);
        bytes.flip();
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = Tensors.next(bytes, dtype);
        }
        return numbers;
    }

    @Override
    public void close() {
        synchronized (memory) {
            if (closed) {
                return;
            }
            List.copyOf(states).forEach(DigestState::close);
            List.copyOf(checkpoints).forEach(DigestCheckpoint::close);
            closed = true;
            memory.release(weightBytes);
            backend.forget(this);
        }
    }
}
