package dev.longspan.tvm.model;

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
import dev.longspan.spi.NumericMode;
import dev.longspan.spi.PlanOptions;
import dev.longspan.spi.Support;
import dev.longspan.spi.WeightSource;
import dev.longspan.tvm.memory.MemoryAccount;
import dev.longspan.tvm.memory.StateLayout;
import dev.longspan.tvm.network.FlatAttention;
import dev.longspan.tvm.network.KernelSet;
import dev.longspan.tvm.network.Network;
import dev.longspan.tvm.runtime.KernelRunner;
import dev.longspan.tvm.runtime.TvmRuntime;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The backend: kernels, where they run, and the models that use them. */
public final class TvmBackend implements Backend {
    /** The id of this backend. */
    public static final String ID = "tvm";

    static final int MAX_RUNS = 256;
    static final int MAX_BATCH_TOKENS = 4096;
    /** Where the kernels lie among the resources. */
    static final String KERNELS = "dev/longspan/tvm/kernels/";

    private static final Logger LOG = LoggerFactory.getLogger(TvmBackend.class);

    private final int threads;
    private final Target target;
    private final Capabilities capabilities;
    private final KernelSet kernels;
    private final MemoryAccount account;
    private final Set<TvmModel> models = ConcurrentHashMap.newKeySet();
    private final ReentrantLock lock = new ReentrantLock();
    private boolean closed;

    /**
     * Opens the backend.
     *
     * @throws dev.longspan.tvm.runtime.TvmUnavailableException if the runtime or the kernels cannot be loaded
     */
    public TvmBackend(int threads, TvmSettings settings, Target target) {
        this.threads = threads;
        this.target = target;
        TvmRuntime runtime = TvmRuntime.load(settings.natives());
        account = new MemoryAccount(runtime, target.tvmDevice(), settings.memoryLimitBytes());
        capabilities = new Capabilities(NumericMode.F32, MAX_RUNS, MAX_BATCH_TOKENS, target.features());
        kernels = target.open(runtime, threads);
        LOG.info("{}", description());
    }

    @Override
    public String id() {
        requireOpen();
        return ID;
    }

    @Override
    public Device device() {
        requireOpen();
        return target.device();
    }

    @Override
    public String description() {
        requireOpen();
        return "TVM backend: float32 with " + target.words(threads);
    }

    @Override
    public MemoryUse memory() {
        requireOpen();
        long limit = Math.min(account.limit(), target.device().memoryBytes());
        MemorySize inHeap = new MemorySize(0, account.heap());
        return new MemoryUse(target.size(account.used()).plus(inHeap), target.limit(limit));
    }

    @Override
    public Capabilities capabilities() {
        requireOpen();
        return capabilities;
    }

    @Override
    public Support supports(ModelSpec spec) {
        requireOpen();
        return kernels.supports(spec);
    }

    private void requireSupported(ModelSpec spec) {
        if (kernels.supports(spec) instanceof Support.Unsupported unsupported) {
            throw new IllegalArgumentException(unsupported.item() + ": " + unsupported.reason());
        }
    }

    @Override
    public MemoryPlan plan(ModelSpec spec, PlanOptions options) {
        requireOpen();
        requireSupported(spec);
        StateLayout layout = new StateLayout(spec, kernels.pageOrder());
        long workspace = Network.workspaceBytes(spec, kernels, options.maxContextTokens());
        long inHeap = BatchRunner.bytes(Math.min(options.maxLogitsRows(), MAX_BATCH_TOKENS), spec.vocabularySize());
        return new MemoryPlan(
                target.size(Network.weightBytes(spec, kernels)),
                target.size(layout.perSequenceBytes()),
                target.size(layout.perTokenBytes()),
                target.size(workspace).plus(new MemorySize(0, inHeap)));
    }

    @Override
    public LanguageModel load(ModelSpec spec, WeightSource weights, LoadProgress progress) {
        requireOpen();
        requireSupported(spec);
        StateLayout layout = new StateLayout(spec, kernels.pageOrder());
        Network network = Network.load(spec, layout, weights, progress, kernels, account);
        TvmModel model = new TvmModel(spec, layout, network, kernels.runner(), account, models::remove);
        models.add(model);
        if (isClosed()) {
            model.close();
            throw closedException();
        }
        return model;
    }

    @Override
    public AttentionKernels attention() {
        requireOpen();
        return new FlatAttention(kernels, account);
    }

    private boolean isClosed() {
        lock.lock();
        try {
            return closed;
        } finally {
            lock.unlock();
        }
    }

    private void requireOpen() {
        if (isClosed()) {
            throw closedException();
        }
    }

    private static IllegalStateException closedException() {
        return new IllegalStateException("the backend '" + ID + "' is closed");
    }

    @Override
    public void close() {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
        } finally {
            lock.unlock();
        }
        for (TvmModel model : models) {
            model.close();
        }
        KernelRunner runner = kernels.runner();
        runner.lock().lock();
        try {
            runner.close();
        } finally {
            runner.lock().unlock();
        }
    }
}
