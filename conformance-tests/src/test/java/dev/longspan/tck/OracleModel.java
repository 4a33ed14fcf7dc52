package dev.longspan.tck;

import dev.longspan.spi.BackendException;
import dev.longspan.spi.BackendMemoryException;
import dev.longspan.spi.Batch;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.DType;
import dev.longspan.spi.Feature;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import dev.longspan.spi.StateSource;
import dev.longspan.spi.TensorInfo;
import dev.longspan.spi.UnsupportedFeatureException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** A model of the {@link OracleBackend}. */
final class OracleModel implements LanguageModel {
    private final OracleBackend backend;
    private final ModelSpec spec;
    private final FlawedOracle oracle;
    private final Set<OracleHolder> open = new LinkedHashSet<>();
    private final OracleWorkspace workspace;
    /** Held while something is computed, so that closing waits for it. */
    private final Object computing = new Object();

    private volatile boolean closed;
    private volatile boolean disturbed;
    private volatile boolean written;
    private volatile boolean overwritten;
    private final Thread loader = Thread.currentThread();
    private volatile Thread engine = loader;
    private final AtomicInteger writers = new AtomicInteger();
    private final OracleReader reader = new OracleReader(this);
    private final AtomicLong calls = new AtomicLong();

    OracleModel(OracleBackend backend, ModelSpec spec, FlawedOracle oracle) {
        this.backend = backend;
        this.spec = spec;
        this.oracle = oracle;
        this.workspace = new OracleWorkspace(backend);
    }

    OracleBackend backend() {
        return backend;
    }

    Flaw flaw() {
        return backend.flaw();
    }

    Ledger ledger() {
        return backend.ledger();
    }

    ModelSpec network() {
        return spec;
    }

    void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the model is closed");
        }
    }

    <T extends OracleHolder> T opened(T holder) {
        synchronized (open) {
            open.add(holder);
        }
        return holder;
    }

    void forget(OracleHolder holder) {
        if (flaw() == Flaw.CLOSED_STATES_ARE_KEPT) {
            return;
        } else if (flaw() == Flaw.LITTLE_OF_CLOSED_STATES_IS_KEPT && holder instanceof OracleState) {
            OracleBackend.leak(200);
        }
        synchronized (open) {
            open.remove(holder);
        }
    }

    boolean isClosed() {
        return closed;
    }

    void disturb() {
        disturbed = true;
    }

    /** Notes that a checkpoint is written, if not by the thread that computes. */
    void noteWrite() {
        written = written || Thread.currentThread() != engine;
    }

    /** How many threads are writing. */
    AtomicInteger writers() {
        return writers;
    }

    boolean isEngine() {
        return Thread.currentThread() == engine;
    }

    /** Refuses other threads than the one that computes, because of a flaw. */
    void requireEngine(Flaw refusing) {
        if (flaw() == refusing && !isEngine()) {
            throw new IllegalStateException("asked on another thread than forward");
        }
    }

    long calls() {
        return calls.get();
    }

    /** Lets one of the flaws overwrite the logits of the last call, on the thread that computes. */
    void overwrite(Flaw overwriting) {
        overwritten |= flaw() == overwriting && isEngine();
    }

    /** Whether something overwrote the logits of the last call. */
    boolean isOverwritten() {
        return overwritten;
    }

    @Override
    public ModelSpec spec() {
        requireOpen();
        return spec;
    }

    @Override
    public SequenceState newState() {
        synchronized (computing) {
            requireOpen();
            overwrite(Flaw.NEW_STATES_OVERWRITE_LOGITS);
            return opened(new OracleState(this, null));
        }
    }

    private OracleCheckpoint own(Checkpoint checkpoint) {
        if (!(checkpoint instanceof OracleCheckpoint) && flaw() != Flaw.STRANGERS_ARE_CAST) {
            throw new IllegalArgumentException("checkpoint: it is another backend's");
        }
        return (OracleCheckpoint) checkpoint;
    }

    @Override
    public SequenceState newState(Checkpoint checkpoint) {
        requireOpen();
        OracleCheckpoint from = own(checkpoint);
        from.requireUsable();
        if (from.model != this && flaw() != Flaw.FOREIGN_CHECKPOINT_TAKEN) {
            throw new IllegalArgumentException("checkpoint: it is another model's");
        }
        if (flaw() == Flaw.EMPTY_CHECKPOINT_FAILS && from.held() == 0) {
            throw new IllegalArgumentException("checkpoint: there is nothing to start from");
        }
        OracleState state = opened(new OracleState(this, from));
        backend.noteRestore();
        Map<String, double[]> begin = new HashMap<>(from.begin());
        if (flaw() == Flaw.CONV_IS_STALE_AFTER_RESTORE) {
            begin.replaceAll((name, numbers) -> name.endsWith(".conv") ? new double[numbers.length] : numbers);
        }
        if (flaw() == Flaw.UNTOUCHED_FORKS_ARE_EMPTY && from.isOfOneThatOnlyBegan()) {
            begin.replaceAll((name, numbers) -> new double[numbers.length]);
        }
        if (flaw() == Flaw.FULL_PAGES_ARE_FORGOTTEN && from.held() > 0 && from.held() % 128 == 0) {
            begin.replaceAll((name, numbers) -> new double[numbers.length]);
        }
        state.become(begin);
        return state;
    }

    @Override
    public List<RunResult> forward(Batch batch) {
        if (flaw() == Flaw.CLOSING_FREES_UNDER_FORWARD) {
            return compute(batch);
        }
        synchronized (computing) {
            return compute(batch);
        }
    }

    private List<RunResult> compute(Batch batch) {
        requireOpen();
        engine = Thread.currentThread();
        if (flaw() == Flaw.BOUND_TO_ITS_LOADER && engine != loader) {
            throw new IllegalStateException("no context on this thread");
        }
        try {
            check(batch);
        } catch (IllegalArgumentException e) {
            backend.print(Flaw.PRINTS_WHEN_A_BATCH_IS_REFUSED, "a batch was refused");
            if (flaw() == Flaw.REFUSALS_LEAK) {
                OracleBackend.leak(100_000);
            }
            throw e;
        }
        overwritten = false;
        backend.noteForward(this);
        workspace.grow(batch);
        calls.incrementAndGet();
        List<Run> runs = new ArrayList<>(batch.runs());
        if (flaw() == Flaw.RESULTS_ARE_SORTED) {
            runs.sort(Comparator.comparingInt(Run::size));
        }
        List<RunResult> results = new ArrayList<>();
        double[] leak = new double[spec.vocabularySize()];
        FlawedBatch flawed = new FlawedBatch(this, batch);
        boolean failed = false;
        for (Run run : runs) {
            OracleState state = (OracleState) run.state();
            if (flaw() == Flaw.FAILED_STATES_ARE_SEEN_LATE) {
                state.requireUsable();
            }
            RunResult result = failed && flaw() == Flaw.FAILURE_SPREADS
                    ? new RunResult.Failure(new BackendException("a run before it failed"))
                    : run(run, state, leak, flawed);
            if (result instanceof RunResult.Failure) {
                state.fail();
                backend.print(Flaw.PRINTS_WHEN_A_RUN_FAILS, "a run failed");
                if (flaw() == Flaw.FAILURES_LEAK) {
                    OracleBackend.leak(100_000);
                }
                if (flaw() == Flaw.FAILURE_FREES_WHAT_IT_SHARES) {
                    spoilCheckpoints(state);
                }
                failed = true;
            }
            results.add(result);
        }
        written = false;
        if (flaw() == Flaw.FULL_BATCH_IS_REVERSED
                && results.size() == backend.capabilities().maxRuns()) {
            Collections.reverse(results);
        }
        return results;
    }

    /** Takes from the checkpoints of a state, and from the one it started from, what they hold. */
    private void spoilCheckpoints(OracleState state) {
        synchronized (open) {
            for (OracleHolder each : open) {
                if (each instanceof OracleCheckpoint own && (own == state.parent() || own.isOf(state))) {
                    own.become(OracleCheckpoint.zeros(own.state()));
                }
            }
        }
    }

    /** Takes from the checkpoints of a state at some length what they hold. */
    void spoilTwins(OracleCheckpoint closed, OracleState state) {
        synchronized (open) {
            for (OracleHolder each : open) {
                if (each != closed
                        && each instanceof OracleCheckpoint own
                        && own.isOf(state)
                        && own.held() == closed.held()) {
                    own.become(OracleCheckpoint.zeros(own.state()));
                }
            }
        }
    }

    private void check(Batch batch) {
        int most = backend.capabilities().maxBatchTokens();
        if (batch.tokens() > most
                || batch.runs().size() > backend.capabilities().maxRuns()) {
            throw new IllegalArgumentException("batch: more runs or tokens than there may be");
        }
        Set<SequenceState> seen = new HashSet<>();
        for (Run run : batch.runs()) {
            if (flaw() == Flaw.STRANGERS_ARE_CAST) {
                ((OracleState) run.state()).held();
            }
            if (!(run.state() instanceof OracleState state) || state.model != this) {
                throw new IllegalArgumentException("batch: a state of another model");
            }
            if (flaw() != Flaw.FAILED_STATES_ARE_SEEN_LATE || !state.hasFailed()) {
                state.requireUsable();
            }
            if (!seen.add(state)) {
                throw new IllegalArgumentException("batch: a state twice");
            }
            if (flaw() == Flaw.ONLY_NEIGHBOURS_ARE_COMPARED) {
                seen.retainAll(Set.of(state));
            }
            boolean unchecked = flaw() == Flaw.IDS_UNCHECKED || flaw() == Flaw.ONE_RUN_IS_UNCHECKED;
            for (int i = 0; i < run.size() && !unchecked; i++) {
                if (run.id(i) < 0 || run.id(i) >= spec.vocabularySize()) {
                    throw new IllegalArgumentException("batch: id " + run.id(i) + " outside the vocabulary");
                }
            }
        }
    }

    private RunResult run(Run run, OracleState state, double[] leak, FlawedBatch flawed) {
        try {
            state.grow(run.size());
        } catch (BackendMemoryException e) {
            backend.print(Flaw.PRINTS_WHEN_MEMORY_IS_SHORT, "no memory for a run");
            return new RunResult.Failure(e);
        }
        int[] ids = new int[run.size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = Math.floorMod(run.id(i), spec.vocabularySize())
                    & (flaw() == Flaw.LARGE_IDS_ARE_CUT ? Character.MAX_VALUE : -1);
        }
        int before = state.held() - ids.length;
        Map<String, double[]> past = past(state);
        OracleResult computed = oracle.advance(ids, flawed.past(before, past), before);
        state.become(computed.states());
        if (flaw() == Flaw.CLOSING_FREES_UNDER_FORWARD && closed) {
            throw new NullPointerException("what is computed with was freed");
        }
        if (flaw() == Flaw.FORKS_SHARE_KEYS && state.parent() != null) {
            state.parent().setCommon(computed.states());
        }
        int from = flaw() == Flaw.ROWS_ARE_THE_LAST_ALWAYS
                ? Math.max(0, run.size() - run.logitsRows() - 1)
                : run.logitsFrom();
        int rows =
                flaw() == Flaw.ROWS_ARE_THE_LAST_ALWAYS && run.logitsFrom() > 0 ? run.size() - from : run.logitsRows();
        state.report(rows, ids.length);
        double[][] logits = new double[rows][];
        for (int r = 0; r < rows; r++) {
            logits[r] = computed.logits(from + r).clone();
            for (int i = 0; i < leak.length; i++) {
                logits[r][i] += flaw() == Flaw.BATCH_LEAKS ? leak[i] : 0;
                logits[r][i] = flawed.spoiled(logits[r][i], i);
                logits[r][i] += disturbed || (flaw() == Flaw.WRITING_DISTURBS && written) ? 1 : 0;
            }
        }
        System.arraycopy(computed.logits(ids.length - 1), 0, leak, 0, leak.length);
        for (int t = Math.min(from, ids.length - 1); t < ids.length; t++) {
            for (double number : computed.logits(t)) {
                if (!isTaken((float) number)) {
                    return new RunResult.Failure(new BackendException("logits that are not finite"));
                }
            }
        }
        double[][] searched = flawed.searched(logits, computed);
        flawed.next(run, state, logits);
        return new RunResult.Success(new OracleLogits(this, state, logits, searched));
    }

    private boolean isTaken(float logit) {
        return Float.isFinite(logit)
                || flaw() == Flaw.NAN_IS_HANDED_OUT
                || (flaw() == Flaw.INFINITY_IS_HANDED_OUT && !Float.isNaN(logit));
    }

    private Map<String, double[]> past(OracleState state) {
        OracleCheckpoint parent = state.parent();
        Map<String, double[]> past = state.state();
        if (flaw() == Flaw.CONV_IS_LOST_BETWEEN_CALLS) {
            past = new HashMap<>(past);
            past.replaceAll((name, numbers) -> name.endsWith(".conv") ? new double[numbers.length] : numbers);
        } else if (flaw() == Flaw.FORKS_SHARE_KEYS && parent != null && parent.common() != null) {
            past = new HashMap<>(past);
            Map<String, double[]> written = parent.common();
            past.replaceAll((name, numbers) -> overwritten(name, numbers, written));
        }
        return past;
    }

    /** Keys behind the checkpoint as another fork has written them. */
    static double[] overwritten(String name, double[] numbers, Map<String, double[]> written) {
        double[] others = written.get(name);
        if (others == null || !(name.endsWith(".key") || name.endsWith(".value"))) {
            return numbers;
        }
        double[] mixed = numbers.clone();
        System.arraycopy(others, 0, mixed, 0, Math.min(others.length, mixed.length));
        return mixed;
    }

    @Override
    public Checkpoint readCheckpoint(StateSource source) {
        return read(Elsewhere.source(flaw(), source), 0, null);
    }

    @Override
    public Checkpoint readCheckpoint(StateSource source, Checkpoint base) {
        OracleCheckpoint own = own(base);
        int length = flaw() == Flaw.CLOSED_BASE_IS_TAKEN ? own.held() : own.length();
        boolean refused = flaw() == Flaw.BASE_MUST_BE_SHORTER && length == source.length();
        if (length > source.length() || refused) {
            throw new IllegalArgumentException("base: longer than the source");
        }
        if (own.model != this && flaw() != Flaw.FOREIGN_BASE_IS_TAKEN) {
            throw new IllegalArgumentException("base: it is another model's");
        }
        return read(Elsewhere.source(flaw(), source), own.held(), own);
    }

    private Checkpoint read(StateSource source, int from, OracleCheckpoint base) {
        if (flaw() != Flaw.CLOSED_MODEL_READS) {
            requireOpen();
        }
        if (!backend.claims(Feature.CHECKPOINT_TRANSFER) && flaw() != Flaw.TRANSFER_UNCLAIMED) {
            throw new UnsupportedFeatureException(backend.id(), Feature.CHECKPOINT_TRANSFER);
        }
        List<TensorInfo> layout = OracleCheckpoint.layout(this, source.length());
        for (TensorInfo want : flaw() == Flaw.TRANSFER_UNCLAIMED ? List.<TensorInfo>of() : layout) {
            TensorInfo info = source.info(want.name());
            boolean rounded =
                    info.dtype() == DType.BF16 && isPaged(info) && info.shape().equals(want.shape());
            boolean counted = flaw() == Flaw.TENSORS_ARE_ONLY_COUNTED && info.elements() == want.elements();
            boolean fewer = flaw() == Flaw.FEWER_ROWS_ARE_READ && isPaged(info) && info.elements() < want.elements();
            boolean right = info.equals(want) || counted || fewer || (rounded && flaw() != Flaw.OTHER_TYPE_REFUSED);
            if (!right && flaw() != Flaw.READ_SHAPES_UNCHECKED) {
                throw new IllegalArgumentException("expected " + want + ", found " + info);
            }
        }
        overwrite(Flaw.READINGS_OVERWRITE_LOGITS);
        boolean shares = base != null && flaw() != Flaw.BASE_IS_NOT_SHARED;
        OracleCheckpoint read = new OracleCheckpoint(this, base, shares);
        try {
            Map<String, double[]> tensors = new HashMap<>();
            for (TensorInfo info : flaw() == Flaw.TRANSFER_UNCLAIMED ? List.<TensorInfo>of() : layout) {
                double[] numbers = reader.numbers(source, source.info(info.name()), from, base);
                tensors.put(info.name(), Arrays.copyOf(numbers, (int) info.elements()));
            }
            read.set(source.length(), tensors);
            if (flaw() == Flaw.BASES_ARE_WRITTEN_TO && base != null) {
                base.writeTo(read, backend.page());
            }
        } catch (RuntimeException e) {
            if (flaw() != Flaw.THROWING_SOURCE_LEAKS || e instanceof BackendMemoryException) {
                read.close();
            }
            throw e;
        }
        return opened(read);
    }

    static boolean isPaged(TensorInfo info) {
        return info.name().endsWith(".key") || info.name().endsWith(".value");
    }

    @Override
    public void close() {
        if (flaw() == Flaw.CLOSING_FREES_UNDER_FORWARD) {
            end();
            return;
        }
        synchronized (computing) {
            end();
        }
    }

    private void end() {
        if (closed) {
            return;
        }
        List<OracleHolder> left;
        synchronized (open) {
            left = List.copyOf(open);
            open.clear();
        }
        left.forEach(OracleHolder::releaseWithModel);
        closed = true;
        workspace.free();
        backend.closed(this);
    }
}
