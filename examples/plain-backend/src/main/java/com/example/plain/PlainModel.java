package com.example.plain;

import dev.longspan.spi.BackendException;
import dev.longspan.spi.Batch;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.Feature;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import dev.longspan.spi.StateSource;
import dev.longspan.spi.UnsupportedFeatureException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** A loaded model: checks batches and keeps the books; {@link Network} computes. */
final class PlainModel implements LanguageModel {
    private final PlainBackend backend;
    private final ModelSpec spec;
    private final Network network;
    private final long weightBytes;
    private final long rowBytes;
    private final Set<Holder> open = ConcurrentHashMap.newKeySet();
    private final AtomicLong calls = new AtomicLong();
    private volatile boolean closed;

    PlainModel(PlainBackend backend, ModelSpec spec, PlainWeights weights) {
        this.backend = backend;
        this.spec = spec;
        this.network = new Network(spec, weights);
        this.weightBytes = PlainWeights.bytes(spec);
        this.rowBytes = PlainState.rowBytes(spec);
        backend.take(weightBytes);
    }

    void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the model is closed");
        }
    }

    void opened(Holder holder) {
        open.add(holder);
    }

    void forget(Holder holder) {
        open.remove(holder);
    }

    void free(int rows) {
        backend.free(rows * rowBytes);
    }

    long rowBytes() {
        return rowBytes;
    }

    long calls() {
        return calls.get();
    }

    int vocabulary() {
        return spec.vocabularySize();
    }

    @Override
    public ModelSpec spec() {
        requireOpen();
        return spec;
    }

    @Override
    public synchronized SequenceState newState() {
        requireOpen();
        return new PlainState(this, List.of());
    }

    @Override
    public synchronized SequenceState newState(Checkpoint checkpoint) {
        requireOpen();
        if (!(checkpoint instanceof PlainCheckpoint own) || own.model != this) {
            throw new IllegalArgumentException("checkpoint: it is another model's");
        }
        own.requireOpen();
        return new PlainState(this, own.rows);
    }

    @Override
    public synchronized List<RunResult> forward(Batch batch) {
        requireOpen();
        check(batch);
        long call = calls.incrementAndGet();
        List<RunResult> results = new ArrayList<>();
        for (Run run : batch.runs()) {
            results.add(run(run, call));
        }
        return results;
    }

    /** Everything is looked at before anything is computed or changed. */
    private void check(Batch batch) {
        if (batch.runs().size() > PlainBackend.MAX_RUNS || batch.tokens() > PlainBackend.MAX_BATCH_TOKENS) {
            throw new IllegalArgumentException("batch: more runs or tokens than the capabilities say");
        }
        Set<SequenceState> seen = new HashSet<>();
        for (Run run : batch.runs()) {
            if (!(run.state() instanceof PlainState own) || own.model != this || !seen.add(own)) {
                throw new IllegalArgumentException("batch: a state that is another model's, or there twice");
            }
            own.requireOpen();
            for (int i = 0; i < run.size(); i++) {
                if (run.id(i) < 0 || run.id(i) >= spec.vocabularySize()) {
                    throw new IllegalArgumentException("batch: id " + run.id(i) + " is outside the vocabulary");
                }
            }
        }
    }

    private RunResult run(Run run, long call) {
        PlainState state = (PlainState) run.state();
        float[][] logits = new float[run.logitsRows()][];
        for (int i = 0; i < run.size(); i++) {
            Row row = new Row(spec.layers().size());
            state.add(row);
            backend.take(rowBytes);
            float[] computed = network.token(run.id(i), state.rows);
            for (float number : computed) {
                if (!Float.isFinite(number)) {
                    state.fail();
                    return new RunResult.Failure(new BackendException("the logits of token " + i + " are not finite"));
                }
            }
            if (i >= run.logitsFrom()) {
                logits[i - run.logitsFrom()] = computed;
            }
        }
        return new RunResult.Success(new PlainLogits(this, call, logits));
    }

    @Override
    public Checkpoint readCheckpoint(StateSource source) {
        requireOpen();
        throw new UnsupportedFeatureException("plain", Feature.CHECKPOINT_TRANSFER);
    }

    @Override
    public Checkpoint readCheckpoint(StateSource source, Checkpoint base) {
        return readCheckpoint(source);
    }

    /** Waits for what is computed. */
    @Override
    public synchronized void close() {
        if (!closed) {
            open.forEach(Holder::close);
            closed = true;
            backend.free(weightBytes);
            backend.forget(this);
        }
    }
}
