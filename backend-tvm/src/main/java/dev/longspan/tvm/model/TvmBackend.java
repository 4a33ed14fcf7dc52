package dev.longspan.tvm.model;

import com.sun.management.OperatingSystemMXBean;
import dev.longspan.spi.AttentionKernels;
import dev.longspan.spi.Backend;
import dev.longspan.spi.Capabilities;
import dev.longspan.spi.Device;
import dev.longspan.spi.Feature;
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
import dev.longspan.tvm.runtime.KernelLibrary;
import dev.longspan.tvm.runtime.KernelTeam;
import dev.longspan.tvm.runtime.TvmDevice;
import dev.longspan.tvm.runtime.TvmRuntime;
import java.lang.management.ManagementFactory;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The backend on a processor: kernels, the thread that they run on, and the models that use them. */
public final class TvmBackend implements Backend {
    /** The id of this backend. */
    public static final String ID = "tvm";

    static final int MAX_RUNS = 256;
    static final int MAX_BATCH_TOKENS = 4096;

    private static final Logger LOG = LoggerFactory.getLogger(TvmBackend.class);
    private static final Capabilities CAPABILITIES =
            new Capabilities(NumericMode.F32, MAX_RUNS, MAX_BATCH_TOKENS, EnumSet.allOf(Feature.class));

    private final int threads;
    private final Processor processor;
    private final KernelSet kernels;
    private final KernelTeam team;
    private final MemoryAccount account;
    private final Set<TvmModel> models = ConcurrentHashMap.newKeySet();
    private final ReentrantLock lock = new ReentrantLock();
    private boolean closed;

    /**
     * Opens the backend.
     *
     * @throws dev.longspan.tvm.runtime.TvmUnavailableException if the runtime or the kernels cannot be loaded
     */
    public TvmBackend(int threads, TvmSettings settings, Processor processor) {
        this.threads = threads;
        this.processor = processor;
        TvmRuntime runtime = TvmRuntime.load(settings.natives());
        KernelLibrary library = runtime.kernels(
                TvmRuntime.unpacked(settings.natives(), "dev/longspan/tvm/kernels/", processor.library()));
        account = new MemoryAccount(runtime, TvmDevice.CPU, settings.memoryLimitBytes());
        team = new KernelTeam(threads);
        kernels = new KernelSet(library, team);
        LOG.info("{}", description());
    }

    /** {@return the device} */
    public static Device device(Processor processor) {
        return new Device(
                Processor.DEVICE, "this processor, with " + processor.words(), Device.Kind.CPU, machineBytes());
    }

    private static long machineBytes() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
    }

    @Override
    public String id() {
        requireOpen();
        return ID;
    }

    @Override
    public Device device() {
        requireOpen();
        return device(processor);
    }

    @Override
    public String description() {
        requireOpen();
        return "TVM backend: float32 with " + processor.words() + ", " + threads
                + (threads == 1 ? " thread" : " threads");
    }

    @Override
    public MemoryUse memory() {
        requireOpen();
        long limit = account.limit() == Long.MAX_VALUE ? machineBytes() : account.limit();
        return new MemoryUse(new MemorySize(0, account.used()), new MemorySize(0, limit));
    }

    @Override
    public Capabilities capabilities() {
        requireOpen();
        return CAPABILITIES;
    }

    @Override
    public Support supports(ModelSpec spec) {
        requireOpen();
        return new Support.Supported();
    }

    @Override
    public MemoryPlan plan(ModelSpec spec, PlanOptions options) {
        requireOpen();
        StateLayout layout = new StateLayout(spec);
        long workspace = Network.workspaceBytes(spec, Math.min(options.maxRuns(), MAX_RUNS), options.maxContextTokens())
                + BatchRunner.bytes(Math.min(options.maxLogitsRows(), MAX_BATCH_TOKENS), spec.vocabularySize());
        return new MemoryPlan(
                new MemorySize(0, Network.weightBytes(spec)),
                new MemorySize(0, layout.recurrentBytes() + layout.pageBytes()),
                new MemorySize(0, layout.perTokenBytes()),
                new MemorySize(0, workspace));
    }

    @Override
    public LanguageModel load(ModelSpec spec, WeightSource weights, LoadProgress progress) {
        requireOpen();
        StateLayout layout = new StateLayout(spec);
        Network network = Network.load(spec, layout, weights, progress, kernels, account);
        TvmModel model = new TvmModel(spec, layout, network, team, account, models::remove);
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
        return new FlatAttention(kernels, team, account);
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
        team.lock().lock();
        try {
            team.close();
        } finally {
            team.lock().unlock();
        }
    }
}
