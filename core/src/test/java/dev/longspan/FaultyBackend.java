package dev.longspan;

import dev.longspan.spi.AttentionKernels;
import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendException;
import dev.longspan.spi.Batch;
import dev.longspan.spi.Capabilities;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.Device;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.MemoryPlan;
import dev.longspan.spi.MemoryUse;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.PlanOptions;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import dev.longspan.spi.StateSink;
import dev.longspan.spi.StateSource;
import dev.longspan.spi.Support;
import dev.longspan.spi.TensorInfo;
import dev.longspan.spi.WeightSource;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A real backend of which one call of a kind fails. */
final class FaultyBackend implements Backend {
    /** The kinds of calls. */
    enum Call {
        NEW_STATE,
        NEW_STATE_FROM_CHECKPOINT,
        FORWARD,
        RUN,
        CHECKPOINT,
        CLOSE_STATE,
        CLOSE_CHECKPOINT,
        WRITE_CHECKPOINT
    }

    private final Backend real;
    private @Nullable Call failing;
    private int skip;
    private boolean failed;

    FaultyBackend(Backend real) {
        this.real = real;
    }

    /** Lets a number of calls of a kind pass, and makes the next one fail. */
    synchronized void fail(Call call, int after) {
        failing = call;
        skip = after;
        failed = false;
    }

    /** {@return whether the call has come; none fails any more} */
    synchronized boolean disarm() {
        failing = null;
        return failed;
    }

    private synchronized boolean fails(Call call) {
        if (failing != call || skip-- > 0) {
            return false;
        }
        failing = null;
        failed = true;
        return true;
    }

    private void pass(Call call) {
        if (fails(call)) {
            throw new BackendException("injected into " + call);
        }
    }

    private final class State implements SequenceState {
        final SequenceState inner;

        State(SequenceState inner) {
            this.inner = inner;
        }

        @Override
        public int length() {
            return inner.length();
        }

        @Override
        public long bytes() {
            return inner.bytes();
        }

        @Override
        public long exclusiveBytes() {
            return inner.exclusiveBytes();
        }

        @Override
        public Checkpoint checkpoint() {
            pass(Call.CHECKPOINT);
            return new Point(inner.checkpoint());
        }

        @Override
        public void close() {
            inner.close();
            pass(Call.CLOSE_STATE);
        }
    }

    private final class Point implements Checkpoint {
        final Checkpoint inner;

        Point(Checkpoint inner) {
            this.inner = inner;
        }

        @Override
        public int length() {
            return inner.length();
        }

        @Override
        public long bytes() {
            return inner.bytes();
        }

        @Override
        public long exclusiveBytes() {
            return inner.exclusiveBytes();
        }

        @Override
        public List<TensorInfo> tensors() {
            return inner.tensors();
        }

        @Override
        public void write(StateSink sink) {
            pass(Call.WRITE_CHECKPOINT);
            inner.write(sink);
        }

        @Override
        public void close() {
            inner.close();
            pass(Call.CLOSE_CHECKPOINT);
        }
    }

    private final class Model implements LanguageModel {
        private final LanguageModel inner;

        Model(LanguageModel inner) {
            this.inner = inner;
        }

        @Override
        public ModelSpec spec() {
            return inner.spec();
        }

        @Override
        public SequenceState newState() {
            pass(Call.NEW_STATE);
            return new State(inner.newState());
        }

        @Override
        public SequenceState newState(Checkpoint checkpoint) {
            pass(Call.NEW_STATE_FROM_CHECKPOINT);
            return new State(inner.newState(((Point) checkpoint).inner));
        }

        @Override
        public List<RunResult> forward(Batch batch) {
            pass(Call.FORWARD);
            List<Run> runs = new ArrayList<>();
            for (Run run : batch.runs()) {
                int[] ids = new int[run.size()];
                for (int i = 0; i < ids.length; i++) {
                    ids[i] = run.id(i);
                }
                runs.add(new Run(((State) run.state()).inner, ids, 0, ids.length, run.logitsFrom()));
            }
            List<RunResult> results = new ArrayList<>(inner.forward(new Batch(runs)));
            if (fails(Call.RUN)) {
                results.set(0, new RunResult.Failure(new BackendException("injected into RUN")));
            }
            return results;
        }

        @Override
        public Checkpoint readCheckpoint(StateSource source) {
            return new Point(inner.readCheckpoint(source));
        }

        @Override
        public Checkpoint readCheckpoint(StateSource source, Checkpoint base) {
            return new Point(inner.readCheckpoint(source, ((Point) base).inner));
        }

        @Override
        public void close() {
            inner.close();
        }
    }

    @Override
    public String id() {
        return real.id();
    }

    @Override
    public Device device() {
        return real.device();
    }

    @Override
    public String description() {
        return real.description();
    }

    @Override
    public MemoryUse memory() {
        return real.memory();
    }

    @Override
    public Capabilities capabilities() {
        return real.capabilities();
    }

    @Override
    public Support supports(ModelSpec spec) {
        return real.supports(spec);
    }

    @Override
    public MemoryPlan plan(ModelSpec spec, PlanOptions options) {
        return real.plan(spec, options);
    }

    @Override
    public LanguageModel load(ModelSpec spec, WeightSource weights, LoadProgress progress) {
        return new Model(real.load(spec, weights, progress));
    }

    @Override
    public AttentionKernels attention() {
        return real.attention();
    }

    @Override
    public void close() {
        real.close();
    }
}
