package dev.longspan.tck;

import dev.longspan.spi.Backend;
import dev.longspan.spi.Batch;
import dev.longspan.spi.Capabilities;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import dev.longspan.spi.StateSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** A model that is watched. */
final class AssertingModel implements LanguageModel {
    private final LanguageModel model;
    private final Contract contract;
    private final Capabilities capabilities;
    private final AssertingBackend.@Nullable Planned planned;
    private final AtomicLong calls = new AtomicLong();
    private volatile boolean closed;

    AssertingModel(
            Backend backend, LanguageModel model, Contract contract, AssertingBackend.@Nullable Planned planned) {
        this.model = model;
        this.contract = contract;
        this.capabilities = backend.capabilities();
        this.planned = planned;
    }

    Contract contract() {
        return contract;
    }

    AssertingBackend.@Nullable Planned planned() {
        return planned;
    }

    long calls() {
        return calls.get();
    }

    private void requireOpen(String call) {
        contract.caller(!closed, "Z1", () -> call + " of a closed model");
    }

    @Override
    public ModelSpec spec() {
        requireOpen("spec");
        return model.spec();
    }

    @Override
    public SequenceState newState() {
        requireOpen("newState");
        return contract.onEngine("newState", () -> new AssertingState(this, model.newState(), 0));
    }

    @Override
    public SequenceState newState(Checkpoint checkpoint) {
        requireOpen("newState");
        AssertingCheckpoint from = own(checkpoint);
        from.requireOpen("newState from it");
        return contract.onEngine(
                "newState", () -> new AssertingState(this, model.newState(from.watched()), from.length()));
    }

    private AssertingCheckpoint own(Checkpoint checkpoint) {
        boolean own = checkpoint instanceof AssertingCheckpoint watched && watched.model() == this;
        contract.caller(own, "S1", () -> "a checkpoint of another model");
        return (AssertingCheckpoint) checkpoint;
    }

    @Override
    public List<RunResult> forward(Batch batch) {
        requireOpen("forward");
        return contract.onEngine("forward", () -> {
            check(batch);
            calls.incrementAndGet();
            List<Run> runs = new ArrayList<>();
            for (Run run : batch.runs()) {
                runs.add(watched(run));
            }
            List<RunResult> results = model.forward(new Batch(runs));
            contract.backend(
                    results.size() == runs.size(), "B2", () -> results.size() + " results of " + runs.size() + " runs");
            List<RunResult> watched = new ArrayList<>();
            for (int i = 0; i < runs.size(); i++) {
                watched.add(((AssertingState) batch.runs().get(i).state())
                        .took(batch.runs().get(i), results.get(i)));
            }
            return watched;
        });
    }

    private static Run watched(Run run) {
        int[] ids = new int[run.size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = run.id(i);
        }
        return new Run(((AssertingState) run.state()).watched(), ids, 0, ids.length, run.logitsFrom());
    }

    private void check(Batch batch) {
        int runs = batch.runs().size();
        contract.caller(runs <= capabilities.maxRuns(), "B5", () -> "a batch of " + runs + " runs");
        contract.caller(batch.tokens() <= capabilities.maxBatchTokens(), "B5", () -> "a batch of " + batch.tokens());
        if (planned != null) {
            int rows = batch.runs().stream().mapToInt(Run::logitsRows).sum();
            contract.caller(
                    runs <= planned.options().maxRuns()
                            && batch.tokens() <= planned.options().maxBatchTokens()
                            && rows <= planned.options().maxLogitsRows(),
                    "M2",
                    () -> "a batch of " + runs + " runs, " + batch.tokens() + " tokens and " + rows
                            + " rows of logits, planned " + planned.options());
        }
        Set<SequenceState> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Run run : batch.runs()) {
            boolean own = run.state() instanceof AssertingState state && state.model() == this;
            contract.caller(own, "B5", () -> "a batch with a state of another model");
            contract.caller(seen.add(run.state()), "B5", () -> "a batch with a state twice");
            ((AssertingState) run.state()).requireUsable("forward");
            int after = run.state().length() + run.size();
            contract.caller(
                    planned == null || after <= planned.options().maxContextTokens(),
                    "M2",
                    () -> "a sequence of " + after + " tokens, planned " + planned);
            for (int i = 0; i < run.size(); i++) {
                int id = run.id(i);
                contract.caller(id >= 0 && id < model.spec().vocabularySize(), "B5", () -> "id " + id + " in a batch");
            }
        }
    }

    @Override
    public Checkpoint readCheckpoint(StateSource source) {
        requireOpen("readCheckpoint");
        return read(source, model.readCheckpoint(source));
    }

    @Override
    public Checkpoint readCheckpoint(StateSource source, Checkpoint base) {
        requireOpen("readCheckpoint");
        AssertingCheckpoint on = own(base);
        on.requireOpen("reading on it");
        return read(source, model.readCheckpoint(source, on.watched()));
    }

    private Checkpoint read(StateSource source, Checkpoint read) {
        contract.backend(
                read.length() == source.length(),
                "X1",
                () -> "a checkpoint of " + source.length() + " tokens is read with " + read.length());
        return new AssertingCheckpoint(this, read);
    }

    @Override
    public void close() {
        closed = true;
        model.close();
    }
}
