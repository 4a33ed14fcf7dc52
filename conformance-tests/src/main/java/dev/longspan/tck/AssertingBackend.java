package dev.longspan.tck;

import dev.longspan.spi.AttentionKernels;
import dev.longspan.spi.Backend;
import dev.longspan.spi.Capabilities;
import dev.longspan.spi.Device;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.MemoryPlan;
import dev.longspan.spi.MemorySize;
import dev.longspan.spi.MemoryUse;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.PlanOptions;
import dev.longspan.spi.Support;
import dev.longspan.spi.WeightSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A backend that watches another: both it and its caller must keep the rules of {@link dev.longspan.spi}.
 *
 * <p>Put it around a backend in the tests of an application, or of an engine. A call that breaks a rule throws an
 * {@link AssertionError} that names the side and the rule; since who catches it may hide it, it is also kept in
 * {@link #violations}. Watched are, of the caller: batches (B5), logits after their time (L1), use after close (Z1), more work than
 * was planned (M2), and calls by several threads where one is allowed. Of the backend: results and rows (B2, L1), lengths (S1),
 * sizes and the plan (M2, S5), failed states (B4), and what checkpoints write (X1).
 *
 * <p>All methods may be called from any thread, as those of the backend. Closing it closes the backend.
 */
public final class AssertingBackend implements Backend {
    private final Backend backend;
    private final Contract contract = new Contract();
    private final Map<ModelSpec, Planned> plans = new ConcurrentHashMap<>();
    private final AtomicLong loads = new AtomicLong();

    /**
     * What was planned for a network.
     *
     * @param plan the bound
     * @param options the work
     */
    record Planned(MemoryPlan plan, PlanOptions options) {}

    /**
     * Watches a backend.
     *
     * @param backend is closed with this one
     */
    public AssertingBackend(Backend backend) {
        this.backend = backend;
    }

    /** {@return what was broken so far, a sentence each} */
    public List<String> violations() {
        return contract.violations();
    }

    @Override
    public String id() {
        return backend.id();
    }

    @Override
    public Device device() {
        return backend.device();
    }

    @Override
    public String description() {
        return backend.description();
    }

    @Override
    public MemoryUse memory() {
        MemoryUse use = backend.memory();
        MemorySize used = use.used();
        contract.backend(
                used.hostBytes() <= use.limit().hostBytes()
                        && used.deviceBytes() <= use.limit().deviceBytes(),
                "M4",
                () -> "it uses " + used + " of " + use.limit());
        return use;
    }

    @Override
    public Capabilities capabilities() {
        return backend.capabilities();
    }

    @Override
    public Support supports(ModelSpec spec) {
        return backend.supports(spec);
    }

    @Override
    public MemoryPlan plan(ModelSpec spec, PlanOptions options) {
        MemorySize before = backend.memory().used();
        MemoryPlan plan = backend.plan(spec, options);
        contract.backend(
                plan.equals(backend.plan(spec, options)),
                "M1",
                () -> "two plans for the same work differ for " + options);
        MemorySize used = backend.memory().used();
        // whatever is loaded takes memory, on any thread: only as long as nothing was, it can be told whose it is
        contract.backend(used.equals(before) || loads.get() > 0, "M1", () -> "planning takes memory");
        plans.merge(spec, new Planned(plan, options), AssertingBackend::larger);
        return plan;
    }

    /** An application may ask for several plans before it decides: what is larger counts. */
    private static Planned larger(Planned one, Planned other) {
        boolean more = other.options().maxRuns() >= one.options().maxRuns()
                && other.options().maxBatchTokens() >= one.options().maxBatchTokens()
                && other.options().maxContextTokens() >= one.options().maxContextTokens()
                && other.options().maxLogitsRows() >= one.options().maxLogitsRows();
        return more ? other : one;
    }

    @Override
    public LanguageModel load(ModelSpec spec, WeightSource weights, LoadProgress progress) {
        loads.incrementAndGet();
        LanguageModel model = backend.load(spec, weights, progress);
        contract.backend(
                model.spec().equals(spec), "Z1", () -> "a loaded model has another network than was asked for");
        return new AssertingModel(backend, model, contract.ofModel(), plans.get(spec));
    }

    @Override
    public AttentionKernels attention() {
        return backend.attention();
    }

    @Override
    public void close() {
        backend.close();
    }
}
