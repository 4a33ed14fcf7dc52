package dev.longspan.tck;

import dev.longspan.spi.AttentionKernels;
import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendException;
import dev.longspan.spi.Batch;
import dev.longspan.spi.Capabilities;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.Device;
import dev.longspan.spi.Feature;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.MemoryPlan;
import dev.longspan.spi.MemorySize;
import dev.longspan.spi.MemoryUse;
import dev.longspan.spi.ModelLoadException;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.NumericMode;
import dev.longspan.spi.PlanOptions;
import dev.longspan.spi.Run;
import dev.longspan.spi.Support;
import dev.longspan.spi.TensorInfo;
import dev.longspan.spi.UnsupportedFeatureException;
import dev.longspan.spi.WeightSource;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A backend that computes the {@link DigestModel}, fast and exactly, for tests of whatever drives a backend.
 *
 * <p>It keeps the whole contract of the SPI but {@link Feature#ATTENTION_KERNELS}: pages are shared, checkpoints written and
 * read as tensors, memory is counted and limited. Beyond that a test can hold {@code forward} at a {@link #gate}, make runs
 * fail, count what was computed, and {@linkplain #verify verify} every state that is open. It has no threads; its own
 * methods may be called from any.
 */
public final class DigestBackend implements Backend {
    static final String ID = "digest";

    private final DigestOptions limits;
    private final DigestMemory memory;
    private final Gate gate = new Gate();
    private final AtomicLong tokens = new AtomicLong();
    private final List<DigestLanguageModel> models = new ArrayList<>();
    private boolean closed;
    private @Nullable Predicate<Run> failingRun;
    private String failure = "";
    private @Nullable RuntimeException failingForward;

    /** Opens a backend with the default limits. */
    public DigestBackend() {
        this(DigestOptions.defaults());
    }

    /**
     * Opens a backend.
     *
     * @param limits its limits
     */
    public DigestBackend(DigestOptions limits) {
        this.limits = limits;
        this.memory = new DigestMemory(limits.memoryLimitBytes());
    }

    /** {@return the gate at which calls of {@code forward} can be held} */
    public Gate gate() {
        return gate;
    }

    /** {@return how many ids all models of this backend have absorbed so far by {@code forward}} */
    public long tokensComputed() {
        return tokens.get();
    }

    /**
     * Makes the next run that fits fail, before it absorbs anything. One run fails for one call of this method.
     *
     * @param which tells by state and ids whether it is the run
     * @param message the message of the failure
     */
    public void failNextRun(Predicate<Run> which, String message) {
        synchronized (memory) {
            failingRun = which;
            failure = message;
        }
    }

    /**
     * Makes the next call of {@code forward} throw, before anything is computed, as a defect of a backend would.
     *
     * @param exception what it throws
     */
    public void failNextForward(RuntimeException exception) {
        synchronized (memory) {
            failingForward = exception;
        }
    }

    /** {@return how many states are open in all models} */
    public int openStates() {
        return models().stream().mapToInt(model -> model.states().size()).sum();
    }

    /** {@return all open checkpoints of all models; their owners may close them at any time} */
    public List<Checkpoint> openCheckpoints() {
        List<Checkpoint> open = new ArrayList<>();
        models().forEach(model -> open.addAll(model.checkpoints()));
        return open;
    }

    /**
     * {@return a sentence for each open checkpoint whose content is not what its own ids make; empty if all is well}
     *
     * <p>No checkpoint may be closed meanwhile.
     */
    public List<String> verify() {
        List<String> faults = new ArrayList<>();
        for (Checkpoint checkpoint : openCheckpoints()) {
            int[] ids = DigestModel.ids(checkpoint);
            if (DigestModel.digest(checkpoint) != DigestModel.digest(ids)) {
                faults.add("a checkpoint of " + ids.length + " tokens does not hold what its ids make: "
                        + DigestModel.decode(ids));
            }
        }
        return faults;
    }

    private List<DigestLanguageModel> models() {
        synchronized (memory) {
            return List.copyOf(models);
        }
    }

    DigestOptions limits() {
        return limits;
    }

    void countToken() {
        tokens.incrementAndGet();
    }

    void forget(DigestLanguageModel model) {
        models.remove(model);
    }

    /** A call of forward has been checked and is about to compute. */
    void arrive(Batch batch) {
        gate.pass(batch.runs());
        synchronized (memory) {
            RuntimeException exception = failingForward;
            failingForward = null;
            if (exception != null) {
                throw exception;
            }
        }
    }

    @Nullable
    BackendException injectedFailure(Run run) {
        if (failingRun == null || !failingRun.test(run)) {
            return null;
        }
        failingRun = null;
        return new BackendException(failure);
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the backend is closed");
        }
    }

    @Override
    public String id() {
        return ID;
    }

    @Override
    public Device device() {
        return DigestBackendProvider.DEVICE;
    }

    @Override
    public String description() {
        return "hashes of token ids, for tests";
    }

    @Override
    public MemoryUse memory() {
        synchronized (memory) {
            requireOpen();
            return new MemoryUse(new MemorySize(0, memory.used()), new MemorySize(Long.MAX_VALUE, memory.limit()));
        }
    }

    @Override
    public Capabilities capabilities() {
        return new Capabilities(
                NumericMode.F32,
                limits.maxRuns(),
                limits.maxBatchTokens(),
                Set.of(Feature.BATCH_EXACT, Feature.CHECKPOINT_TRANSFER));
    }

    @Override
    public Support supports(ModelSpec spec) {
        ModelSpec own = DigestModel.spec();
        if (!spec.layers().equals(own.layers())) {
            return new Support.Unsupported("layers", "expected those of the digest model, found " + spec.layers());
        }
        if (spec.vocabularySize() != own.vocabularySize() || spec.hiddenSize() != own.hiddenSize()) {
            return new Support.Unsupported(
                    "vocabularySize, hiddenSize",
                    "expected 263 and 8, found " + spec.vocabularySize() + " and " + spec.hiddenSize());
        }
        return new Support.Supported();
    }

    /** {@inheritDoc} The weights count as if they were kept in float32; there is no workspace. */
    @Override
    public MemoryPlan plan(ModelSpec spec, PlanOptions options) {
        requireSupported(spec);
        return new MemoryPlan(
                new MemorySize(0, weightBytes(spec)),
                new MemorySize(0, DigestMemory.RECURRENT_BYTES + DigestMemory.PAGE_BYTES),
                new MemorySize(0, DigestMemory.PAGE_BYTES / DigestMemory.PAGE),
                MemorySize.ZERO);
    }

    private void requireSupported(ModelSpec spec) {
        if (supports(spec) instanceof Support.Unsupported unsupported) {
            throw new IllegalArgumentException(unsupported.item() + ": " + unsupported.reason());
        }
    }

    private static long weightBytes(ModelSpec spec) {
        long bytes = 0;
        for (ModelSpec.Tensor tensor : spec.tensors()) {
            long elements = Float.BYTES;
            for (long size : tensor.shape()) {
                elements *= size;
            }
            bytes += elements;
        }
        return bytes;
    }

    @Override
    public LanguageModel load(ModelSpec spec, WeightSource weights, LoadProgress progress) {
        requireSupported(spec);
        long total = 0;
        for (ModelSpec.Tensor tensor : spec.tensors()) {
            if (!weights.names().contains(tensor.name())) {
                throw new ModelLoadException("weights", tensor.name(), "expected this tensor, found none of this name");
            }
            TensorInfo info = weights.info(tensor.name());
            if (!info.shape().equals(tensor.shape())) {
                throw new ModelLoadException(
                        "weights", tensor.name(), "expected shape " + tensor.shape() + ", found " + info.shape());
            }
            total += info.bytes();
        }
        long done = 0;
        for (ModelSpec.Tensor tensor : spec.tensors()) {
            ByteBuffer bytes =
                    ByteBuffer.allocate((int) weights.info(tensor.name()).bytes());
            weights.read(tensor.name(), 0, bytes);
            done += bytes.capacity();
            progress.loaded(done, total);
        }
        synchronized (memory) {
            requireOpen();
            memory.reserve(weightBytes(spec), "weights");
            DigestLanguageModel model = new DigestLanguageModel(this, memory, spec, weightBytes(spec));
            models.add(model);
            return model;
        }
    }

    @Override
    public AttentionKernels attention() {
        throw new UnsupportedFeatureException(ID, Feature.ATTENTION_KERNELS);
    }

    @Override
    public void close() {
        gate.shut();
        synchronized (memory) {
            closed = true;
            List.copyOf(models).forEach(DigestLanguageModel::close);
        }
    }
}
