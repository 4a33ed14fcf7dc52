package dev.longspan.reference;

import dev.longspan.reference.kernel.KernelChoice;
import dev.longspan.reference.memory.MemoryLedger;
import dev.longspan.reference.memory.StateLayout;
import dev.longspan.reference.network.FlatAttention;
import dev.longspan.reference.network.Network;
import dev.longspan.reference.network.NetworkLoader;
import dev.longspan.reference.network.NetworkRunner;
import dev.longspan.reference.network.Team;
import dev.longspan.spi.AttentionKernels;
import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendMemoryException;
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
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The reference backend: a team of threads and the models that use it. */
final class ReferenceBackend implements Backend {
    static final int MAX_RUNS = 256;
    static final int MAX_BATCH_TOKENS = 8192;

    private static final Logger LOG = LoggerFactory.getLogger(ReferenceBackend.class);
    private static final Capabilities CAPABILITIES =
            new Capabilities(NumericMode.F32, MAX_RUNS, MAX_BATCH_TOKENS, EnumSet.allOf(Feature.class));

    private final int threads;
    private final KernelChoice choice;
    private final Team team;
    private final MemoryLedger ledger;
    private final Set<ReferenceModel> models = ConcurrentHashMap.newKeySet();
    private boolean closed;

    ReferenceBackend(int threads, ReferenceSettings settings) {
        this.threads = threads;
        choice = settings.vectors() ? KernelChoice.best() : KernelChoice.plain();
        ledger = new MemoryLedger(settings.memoryLimitBytes());
        team = new Team(threads);
        LOG.info("{}", description());
    }

    @Override
    public String id() {
        requireOpen();
        return ReferenceBackendProvider.ID;
    }

    @Override
    public Device device() {
        requireOpen();
        return ReferenceBackendProvider.device();
    }

    @Override
    public String description() {
        requireOpen();
        return "reference backend: float32 with " + choice.description() + ", " + threads
                + (threads == 1 ? " thread" : " threads")
                + (choice.notice().isEmpty() ? "" : "; " + choice.notice());
    }

    @Override
    public MemoryUse memory() {
        requireOpen();
        long limit = ledger.limit() == Long.MAX_VALUE ? Runtime.getRuntime().maxMemory() : ledger.limit();
        return new MemoryUse(new MemorySize(0, ledger.used()), new MemorySize(0, limit));
    }

    @Override
    public Capabilities capabilities() {
        requireOpen();
        return CAPABILITIES;
    }

    @Override
    public Support supports(ModelSpec spec) {
        requireOpen();
        return SupportCheck.check(spec);
    }

    @Override
    public MemoryPlan plan(ModelSpec spec, PlanOptions options) {
        requireSupported(spec);
        StateLayout layout = StateLayout.of(spec);
        long page = layout.pageBytes();
        long workspace = NetworkRunner.workspaceBytes(
                spec,
                threads,
                Math.min(options.maxBatchTokens(), MAX_BATCH_TOKENS),
                options.maxContextTokens(),
                options.maxLogitsRows());
        return new MemoryPlan(
                new MemorySize(0, NetworkLoader.bytes(spec)),
                new MemorySize(0, layout.recurrentBytes() + page),
                new MemorySize(0, layout.perTokenBytes()),
                new MemorySize(0, workspace));
    }

    @Override
    public LanguageModel load(ModelSpec spec, WeightSource weights, LoadProgress progress) {
        requireSupported(spec);
        NetworkLoader loader = new NetworkLoader(spec, weights, progress, choice.kernels());
        long bytes = NetworkLoader.bytes(spec);
        Network network = ledger.allocate("the weights", bytes, loader::load);
        NetworkRunner runner = runner(spec, network, bytes);
        ReferenceModel model = new ReferenceModel(spec, runner, team, ledger, bytes, models::remove);
        models.add(model);
        boolean late;
        synchronized (this) {
            late = closed;
        }
        if (late) {
            model.close();
            throw closedException();
        }
        return model;
    }

    /** Gives the weights back where there is no memory for the work. */
    private NetworkRunner runner(ModelSpec spec, Network network, long bytes) {
        try {
            return new NetworkRunner(spec, network, choice.kernels(), team, ledger);
        } catch (OutOfMemoryError e) {
            ledger.release(bytes);
            throw new BackendMemoryException("the workspace of a model", bytes, e);
        } catch (RuntimeException e) {
            ledger.release(bytes);
            throw e;
        }
    }

    @Override
    public AttentionKernels attention() {
        requireOpen();
        return new FlatAttention(choice.kernels());
    }

    private void requireSupported(ModelSpec spec) {
        if (supports(spec) instanceof Support.Unsupported unsupported) {
            throw new IllegalArgumentException(unsupported.item() + ": " + unsupported.reason());
        }
    }

    private synchronized void requireOpen() {
        if (closed) {
            throw closedException();
        }
    }

    private static IllegalStateException closedException() {
        return new IllegalStateException("the backend '" + ReferenceBackendProvider.ID + "' is closed");
    }

    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        for (ReferenceModel model : models) {
            model.close();
        }
        team.close();
    }
}
