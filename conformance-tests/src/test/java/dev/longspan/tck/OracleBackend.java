package dev.longspan.tck;

import dev.longspan.spi.AttentionKernels;
import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendException;
import dev.longspan.spi.Capabilities;
import dev.longspan.spi.Device;
import dev.longspan.spi.Feature;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.MemoryPlan;
import dev.longspan.spi.MemorySize;
import dev.longspan.spi.MemoryUse;
import dev.longspan.spi.ModelLoadException;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.PlanOptions;
import dev.longspan.spi.Support;
import dev.longspan.spi.UnsupportedFeatureException;
import dev.longspan.spi.WeightSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Computes with the {@link Oracle}; pages of keys and values are counted as if there were any. */
final class OracleBackend implements Backend {
    private static final int PAGE = 16;
    private static final int LARGE_PAGE = 640;
    static final String WEIGHTS = "the weights";
    private static final int MAX_RUNS = 6;
    private static final int MAX_TOKENS = 256;
    /** What one of the flaws never lets go of. */
    private static final List<byte[]> LEAK = new ArrayList<>();

    private static final List<ByteBuffer> NATIVES = new ArrayList<>();
    /** Those with a flaw that is about others. */
    private static final Set<OracleBackend> OPEN = ConcurrentHashMap.newKeySet();

    private final String id;
    private final Flaw flaw;
    private final int threads;
    private final Ledger ledger;
    private final List<OracleModel> models = new ArrayList<>();
    /** What is kept of models that are closed, until the backend is. */
    private final List<ByteBuffer> kept = new ArrayList<>();

    private final CountDownLatch end = new CountDownLatch(1);
    private final AtomicBoolean workspaceIsMade = new AtomicBoolean();
    private final AtomicInteger restores = new AtomicInteger();
    private volatile @Nullable ModelSpec last;
    private volatile @Nullable OracleModel computed;
    private volatile boolean closed;

    OracleBackend(String id, Flaw flaw, int threads, long limit) {
        this.id = id;
        this.threads = threads;
        this.flaw = flaw;
        this.ledger = new Ledger(limit, flaw);
        if (flaw == Flaw.THREAD_LEFT_ALIVE || flaw == Flaw.THREAD_IS_NO_DAEMON) {
            thread();
        } else if (flaw == Flaw.PRINTS) {
            System.out.println("oracle ready");
        } else if (flaw == Flaw.LOGS) {
            Logger.getLogger("oracle").warning("oracle ready");
        } else if (flaw == Flaw.SETS_A_PROPERTY) {
            System.setProperty("oracle.ready", "yes");
        } else if (flaw == Flaw.OPENS_A_SOCKET) {
            socket();
        } else if (flaw == Flaw.LEAKS_HEAP) {
            LEAK.add(new byte[100_000]);
        } else if (flaw == Flaw.NATIVES_ARE_KEPT) {
            NATIVES.add(ByteBuffer.allocateDirect(100_000));
        } else if (flaw == Flaw.KEEPS_ONE_THREAD) {
            Library.start();
        } else if (flaw == Flaw.CLOSING_STOPS_OTHER_BACKENDS) {
            OPEN.add(this);
        }
    }

    private void thread() {
        Thread thread = new Thread(
                () -> {
                    try {
                        end.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                },
                "oracle-worker");
        thread.setDaemon(flaw == Flaw.THREAD_LEFT_ALIVE);
        thread.start();
    }

    /** Starts one thread in the life of the process. */
    private static final class Library {
        private static final Thread ONLY = new Thread(OracleState::hang, "oracle-library");

        static synchronized void start() {
            if (!ONLY.isAlive()) {
                ONLY.setDaemon(true);
                ONLY.start();
            }
        }
    }

    private static void socket() {
        try {
            SocketChannel.open().close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Flaw flaw() {
        return flaw;
    }

    /** Whether it is the network of the model that was loaded last. */
    boolean isLast(ModelSpec network) {
        return network.equals(last);
    }

    /** How many threads it might compute with; it needs none. */
    int threads() {
        return threads;
    }

    /** How many tokens a page has. */
    int page() {
        return flaw == Flaw.LARGE_PAGES ? LARGE_PAGE : PAGE;
    }

    AtomicBoolean workspaceIsMade() {
        return workspaceIsMade;
    }

    /** Notes which model computed last. */
    void noteForward(OracleModel model) {
        computed = model;
    }

    /** Whether no other model has computed since. */
    boolean computedLast(OracleModel model) {
        return computed == model;
    }

    /** Prints because of a flaw. */
    void print(Flaw printing, String words) {
        if (flaw == printing) {
            System.out.println(words);
        }
    }

    /** Keeps something for ever. */
    static void leak(int bytes) {
        LEAK.add(new byte[bytes]);
    }

    /** Notes that a state is made of a checkpoint. */
    void noteRestore() {
        if (flaw == Flaw.RESTORES_LEAK) {
            LEAK.add(new byte[10_000]);
        } else if (flaw == Flaw.RESTORES_KEEP_NATIVES && restores.getAndIncrement() % 10 == 0) {
            NATIVES.add(ByteBuffer.allocateDirect(100_000));
        }
    }

    Ledger ledger() {
        return ledger;
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the backend is closed");
        }
    }

    @Override
    public String id() {
        if (flaw != Flaw.CLOSED_BACKENDS_HAVE_A_NAME) {
            requireOpen();
        }
        return id;
    }

    @Override
    public Device device() {
        requireOpen();
        return flaw == Flaw.OTHER_DEVICE
                ? new Device("gpu:7", "one that is not there", Device.Kind.GPU, 0)
                : OracleProvider.DEVICE;
    }

    @Override
    public String description() {
        requireOpen();
        return "the oracle in float64";
    }

    @Override
    public MemoryUse memory() {
        requireOpen();
        OracleModel engine = computed;
        if (engine != null) {
            engine.requireEngine(Flaw.MEMORY_IS_TOLD_TO_THE_ENGINE_ONLY);
        }
        long limit = flaw == Flaw.LIMIT_IS_FORGOTTEN ? Long.MAX_VALUE : ledger.limit();
        return new MemoryUse(
                new MemorySize(0, ledger.used()),
                flaw == Flaw.LIMIT_IS_ZERO ? MemorySize.ZERO : new MemorySize(Long.MAX_VALUE, limit));
    }

    boolean claims(Feature feature) {
        return switch (feature) {
            case BATCH_EXACT ->
                flaw == Flaw.CLAIMS_EXACTNESS
                        || flaw == Flaw.LONG_SUMS_OF_STEPS_DIFFER
                        || flaw == Flaw.LONG_CONTEXTS_OF_STEPS_DIFFER;
            case CHECKPOINT_TRANSFER -> flaw != Flaw.TRANSFER_UNCLAIMED && flaw != Flaw.CLAIMS_LITTLE;
            case ATTENTION_KERNELS -> flaw != Flaw.ATTENTION_UNCLAIMED && flaw != Flaw.CLAIMS_LITTLE;
        };
    }

    @Override
    public Capabilities capabilities() {
        requireOpen();
        Set<Feature> features = EnumSet.noneOf(Feature.class);
        for (Feature feature : Feature.values()) {
            if (claims(feature)) {
                features.add(feature);
            }
        }
        boolean single = flaw == Flaw.SINGLE_TOKENS || flaw == Flaw.ONE_RUN_IS_UNCHECKED;
        int tokens = flaw == Flaw.SMALL_BATCHES ? 16 : single ? 1 : MAX_TOKENS;
        int runs = single ? 1 : MAX_RUNS;
        return flaw == Flaw.CLAIMS_MUCH
                ? new Capabilities(Rounding.of(flaw).mode(), Integer.MAX_VALUE, Integer.MAX_VALUE, features)
                : new Capabilities(Rounding.of(flaw).mode(), runs, tokens, features);
    }

    @Override
    public Support supports(ModelSpec spec) {
        requireOpen();
        boolean feedForward = spec.layers().stream().allMatch(layer -> layer instanceof LayerSpec.Mlp);
        if (feedForward && flaw == Flaw.UNSUPPORTED_IS_LOADED) {
            return new Support.Unsupported("layers", "expected any but feed-forward");
        }
        boolean attends = spec.layers().stream().anyMatch(layer -> layer instanceof LayerSpec.Attention);
        boolean known = switch (flaw) {
            case KNOWS_NO_NETWORK -> false;
            case KNOWS_NO_ATTENTION -> !attends;
            case KNOWS_NO_STATE -> feedForward;
            case KNOWS_HEADS_OF_128 -> hasHeadsOf(spec, 128);
            case KNOWS_HEADS_OF_100 -> hasHeadsOf(spec, 100);
            default -> true;
        };
        return known ? new Support.Supported() : new Support.Unsupported("layers", "expected others");
    }

    /** Whether no head of attention and no state of Mamba has another size. */
    private static boolean hasHeadsOf(ModelSpec spec, int size) {
        return spec.layers().stream()
                .allMatch(layer -> layer instanceof LayerSpec.Attention a
                        ? a.heads().headSize() == size
                        : !(layer instanceof LayerSpec.Mamba m) || m.stateSize() == size);
    }

    private void requireSupported(ModelSpec spec) {
        if (flaw != Flaw.UNSUPPORTED_IS_LOADED && supports(spec) instanceof Support.Unsupported unsupported) {
            throw new IllegalArgumentException(unsupported.item() + ": " + unsupported.reason());
        }
    }

    @Override
    public MemoryPlan plan(ModelSpec spec, PlanOptions options) {
        requireOpen();
        requireSupported(spec);
        if (flaw == Flaw.PLAN_REFUSES_MUCH && options.maxRuns() > MAX_RUNS) {
            throw new IllegalArgumentException("maxRuns: expected at most " + MAX_RUNS);
        }
        long weights = weightBytes(spec);
        if (flaw == Flaw.PLAN_OVERFLOWS) {
            weights = Math.abs((int) weights);
        }
        long perToken = tokenBytes(spec);
        long perSequence = recurrent(spec) + page() * perToken;
        long planned = flaw == Flaw.PLAN_FORGETS_VALUES ? perToken / 2 : perToken;
        return new MemoryPlan(host(weights), host(perSequence), host(planned), host(OracleWorkspace.planned(flaw)));
    }

    private static MemorySize host(long bytes) {
        return new MemorySize(0, bytes);
    }

    static long weightBytes(ModelSpec spec) {
        long bytes = 0;
        for (ModelSpec.Tensor tensor : spec.tensors()) {
            long elements = Double.BYTES;
            for (long size : tensor.shape()) {
                elements *= size;
            }
            bytes += elements;
        }
        return bytes;
    }

    static long tokenBytes(ModelSpec spec) {
        long bytes = 0;
        for (LayerSpec layer : spec.layers()) {
            if (layer instanceof LayerSpec.Attention a) {
                bytes += 2L * a.heads().keyValueHeads() * a.heads().headSize() * Double.BYTES;
            }
        }
        return bytes;
    }

    /** The bytes of a sequence's recurrent states. */
    long recurrent(ModelSpec spec) {
        return flaw == Flaw.RECURRENT_IS_NOT_COUNTED ? 0 : recurrentBytes(spec);
    }

    private static long recurrentBytes(ModelSpec spec) {
        long bytes = 0;
        for (LayerSpec layer : spec.layers()) {
            if (layer instanceof LayerSpec.Mamba m) {
                long conv = (long) m.channels() * (m.convolutionWidth() - 1);
                bytes += (conv + (long) m.innerSize() * m.stateSize()) * Double.BYTES;
            }
        }
        return bytes;
    }

    @Override
    public LanguageModel load(ModelSpec spec, WeightSource weights, LoadProgress watch) {
        requireOpen();
        requireSupported(spec);
        LoadProgress progress = Elsewhere.progress(flaw, watch);
        long bytes = weightBytes(spec);
        ledger.take(WEIGHTS, held(bytes));
        OracleModel model;
        try {
            check(spec, weights);
            model = new OracleModel(this, spec, new FlawedOracle(spec, weights, flaw));
        } catch (RuntimeException e) {
            print(Flaw.PRINTS_WHEN_A_LOAD_FAILS, "a load failed");
            if (flaw != Flaw.FAILED_LOAD_LEAKS) {
                ledger.free(held(bytes));
            }
            if (flaw == Flaw.READ_FAULT_IS_WRAPPED
                    && String.valueOf(e.getMessage()).contains("disk")) {
                throw new BackendException("loading failed", e);
            }
            throw e;
        }
        long staged = flaw == Flaw.LOADING_PEAKS ? 3 * bytes : 0;
        ledger.take("what is read", staged);
        long total = flaw == Flaw.PROGRESS_SAYS_NOTHING ? 0 : storedBytes(spec, weights);
        progress.loaded(total / 2, total);
        ledger.free(staged);
        progress.loaded(flaw == Flaw.PROGRESS_STOPS_EARLY ? total - 1 : total, total);
        last = spec;
        synchronized (models) {
            models.add(model);
        }
        return model;
    }

    private static long storedBytes(ModelSpec spec, WeightSource weights) {
        return spec.tensors().stream()
                .mapToLong(tensor -> weights.info(tensor.name()).bytes())
                .sum();
    }

    /** What is counted of a model's weights. */
    private long held(long bytes) {
        return flaw == Flaw.WEIGHTS_ARE_NOT_COUNTED ? 0 : bytes;
    }

    private static long count(List<Long> shape) {
        return shape.stream().reduce(1L, (one, other) -> one * other);
    }

    private void check(ModelSpec spec, WeightSource weights) {
        for (ModelSpec.Tensor tensor : spec.tensors()) {
            if (!weights.names().contains(tensor.name())) {
                String name = flaw == Flaw.MISSING_WEIGHT_UNNAMED ? "a tensor" : tensor.name();
                throw new ModelLoadException("weights", name, "is missing");
            }
            List<Long> shape = weights.info(tensor.name()).shape();
            boolean right = shape.equals(tensor.shape())
                    || (flaw == Flaw.WEIGHTS_ARE_ONLY_COUNTED && count(shape) == count(tensor.shape()));
            if (!right && flaw != Flaw.SHAPES_UNCHECKED) {
                throw new ModelLoadException(
                        "weights", tensor.name(), "expected shape " + tensor.shape() + ", found " + shape);
            }
        }
    }

    private void disturb() {
        synchronized (models) {
            models.forEach(OracleModel::disturb);
        }
    }

    void closed(OracleModel model) {
        synchronized (models) {
            models.remove(model);
            if (flaw == Flaw.CLOSING_STOPS_OTHERS && !models.isEmpty()) {
                models.get(0).disturb();
            }
        }
        int bytes = Math.toIntExact(weightBytes(model.network()));
        if (flaw == Flaw.CLOSED_MODELS_ARE_KEPT) {
            kept.add(ByteBuffer.allocate(bytes));
        } else if (flaw == Flaw.CLOSED_MODELS_KEEP_NATIVES) {
            kept.add(ByteBuffer.allocateDirect(bytes));
        }
        if (flaw != Flaw.MODEL_LEAKS) {
            ledger.free(held(bytes));
        }
    }

    @Override
    public AttentionKernels attention() {
        requireOpen();
        if (!claims(Feature.ATTENTION_KERNELS) && flaw != Flaw.ATTENTION_UNCLAIMED) {
            throw new UnsupportedFeatureException(id, Feature.ATTENTION_KERNELS);
        }
        return new FlawedKernels(flaw, () -> closed);
    }

    @Override
    public void close() {
        List<OracleModel> open;
        synchronized (models) {
            open = List.copyOf(models);
        }
        open.forEach(OracleModel::close);
        closed = true;
        if (OPEN.remove(this)) {
            OPEN.forEach(OracleBackend::disturb);
        }
        if (flaw != Flaw.THREAD_LEFT_ALIVE) {
            end.countDown();
        }
    }
}
