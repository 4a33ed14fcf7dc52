package dev.longspan;

import dev.longspan.backend.BackendChoice;
import dev.longspan.engine.EngineLimits;
import dev.longspan.engine.GenerationPlanner;
import dev.longspan.engine.MemoryBudget;
import dev.longspan.engine.NetworkLoader;
import dev.longspan.engine.OpenModel;
import dev.longspan.engine.PrefixCache;
import dev.longspan.engine.Scheduler;
import dev.longspan.model.FolderStamp;
import dev.longspan.output.ToolParsers;
import dev.longspan.session.DiskParking;
import dev.longspan.session.IdleReclaimer;
import dev.longspan.session.NoParking;
import dev.longspan.session.Once;
import dev.longspan.session.Parking;
import dev.longspan.session.SessionContext;
import dev.longspan.session.SessionSnapshots;
import dev.longspan.session.SessionTable;
import dev.longspan.snapshot.Fingerprint;
import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.Capabilities;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.MemoryPlan;
import dev.longspan.spi.MemorySize;
import dev.longspan.spi.PlanOptions;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Gathers the settings of an engine. Not for use by several threads at once. */
public final class ChatEngineBuilder {
    private static final Logger LOG = LoggerFactory.getLogger(ChatEngineBuilder.class);

    /** How many tokens prompt and answer may have together if the builder is not told: 131 072. */
    public static final int DEFAULT_MAX_CONTEXT_TOKENS = 131_072;

    private static final int DEFAULT_PREFILL_CHUNK = 2048;
    private static final int DEFAULT_MAX_RUNNING = 64;
    private static final int DEFAULT_MAX_QUEUED = 256;
    private static final long DEFAULT_MAX_QUEUED_TOKENS = 2_097_152;
    private static final long DEFAULT_PREFIX_CACHE_BYTES = 268_435_456;
    /** Unless said, cached prefixes take at most this part of the memory. */
    private static final int CACHE_SHARE = 8;
    /** One plans commits while the other writes a state to disk. */
    private static final int WORKERS = 2;

    private static final Duration DEFAULT_READER_PATIENCE = Duration.ofMinutes(5);

    private @Nullable Path folder;
    private @Nullable String backendId;
    private @Nullable Backend givenBackend;
    private String device = BackendOptions.ANY_DEVICE;
    private int threads = Runtime.getRuntime().availableProcessors();
    private int maxContextTokens = DEFAULT_MAX_CONTEXT_TOKENS;
    private int prefillChunk = DEFAULT_PREFILL_CHUNK;
    private int maxRunning = DEFAULT_MAX_RUNNING;
    private int maxQueued = DEFAULT_MAX_QUEUED;
    private long maxQueuedTokens = DEFAULT_MAX_QUEUED_TOKENS;
    private Duration readerPatience = DEFAULT_READER_PATIENCE;
    private final Map<String, String> modelOptions = new LinkedHashMap<>();
    private final List<ToolParser> toolParsers = new ArrayList<>();
    private final List<EngineListener> listeners = new ArrayList<>();
    private LoadProgress progress = LoadProgress.NONE;
    private long prefixCacheBytes = -1;
    private long maxStateBytes = Long.MAX_VALUE;
    private @Nullable Path parkingFolder;
    private @Nullable SnapshotStore store;
    private boolean fullFingerprint;

    ChatEngineBuilder() {}

    /**
     * Sets the model. Required.
     *
     * @param directory a folder in the Hugging Face layout
     * @return this builder
     */
    public ChatEngineBuilder model(Path directory) {
        folder = directory;
        return this;
    }

    /**
     * Asks for one backend; no other will be used.
     *
     * @param id the backend's id, such as {@code reference}
     * @return this builder
     */
    public ChatEngineBuilder backend(String id) {
        backendId = id;
        return this;
    }

    /**
     * Uses a backend that is open already, which the engine does not close.
     *
     * @param open the backend
     * @return this builder
     */
    public ChatEngineBuilder backend(Backend open) {
        givenBackend = open;
        return this;
    }

    /**
     * Asks for a device of the backend.
     *
     * @param id the device's id, such as {@code cpu}; {@value BackendOptions#ANY_DEVICE} lets the backend choose
     * @return this builder
     */
    public ChatEngineBuilder device(String id) {
        device = id;
        return this;
    }

    /**
     * Sets how many threads the backend may compute with.
     *
     * @param count 1 to {@value BackendOptions#MAX_THREADS}; by default as many as the machine has processors
     * @return this builder
     */
    public ChatEngineBuilder threads(int count) {
        if (count < 1 || count > BackendOptions.MAX_THREADS) {
            throw new InvalidRequestException(
                    "threads", "expected 1 to " + BackendOptions.MAX_THREADS + ", found " + count);
        }
        threads = count;
        return this;
    }

    /**
     * Sets how many tokens prompt and answer may have together.
     *
     * @param tokens at least 2; by default {@value #DEFAULT_MAX_CONTEXT_TOKENS}
     * @return this builder
     */
    public ChatEngineBuilder maxContextTokens(int tokens) {
        if (tokens < 2) {
            throw new InvalidRequestException("maxContextTokens", "expected at least 2, found " + tokens);
        }
        maxContextTokens = tokens;
        return this;
    }

    /**
     * Sets how many tokens of prompts one step reads at most; the engine takes fewer where that many would make running
     * answers wait.
     *
     * @param tokens at least 1; by default 2048
     * @return this builder
     */
    public ChatEngineBuilder prefillChunk(int tokens) {
        prefillChunk = positive("prefillChunk", tokens);
        return this;
    }

    /**
     * Sets how many answers are computed side by side.
     *
     * @param count at least 1; by default 64; never more than the backend can
     * @return this builder
     */
    public ChatEngineBuilder maxRunning(int count) {
        maxRunning = positive("maxRunning", count);
        return this;
    }

    /**
     * Sets how many requests may wait; one more is refused with {@link EngineOverloadedException}.
     *
     * @param count at least 1; by default 256
     * @return this builder
     */
    public ChatEngineBuilder maxQueued(int count) {
        maxQueued = positive("maxQueued", count);
        return this;
    }

    /**
     * Sets how many tokens the prompts of waiting requests may have in all; one that would make it more is refused with
     * {@link EngineOverloadedException}, unless it is the only one.
     *
     * @param tokens at least 1; by default 2 097 152
     * @return this builder
     */
    public ChatEngineBuilder maxQueuedTokens(long tokens) {
        if (tokens < 1) {
            throw new InvalidRequestException("maxQueuedTokens", "expected at least 1, found " + tokens);
        }
        maxQueuedTokens = tokens;
        return this;
    }

    /**
     * Makes a way to write tool calls known. It is tried before the built-in ones and those added earlier.
     *
     * @param parser the parser; one that has a known one's name takes its place
     * @return this builder
     */
    public ChatEngineBuilder toolParser(ToolParser parser) {
        toolParsers.add(0, Objects.requireNonNull(parser, "parser"));
        return this;
    }

    /**
     * Sets how much memory the checkpoints of prompts may take that are kept for requests which begin alike. They are let go
     * when anything else needs the memory.
     *
     * @param bytes from 0, which keeps none; by default 256 MiB, or an eighth of the memory if that is less
     * @return this builder
     */
    public ChatEngineBuilder prefixCacheBytes(long bytes) {
        if (bytes < 0) {
            throw new InvalidRequestException("prefixCacheBytes", "expected at least 0, found " + bytes);
        }
        prefixCacheBytes = bytes;
        return this;
    }

    /**
     * Sets how much memory the states and checkpoints of all answers and sessions may take together.
     *
     * @param bytes at least 1; by default what the backend has
     * @return this builder
     */
    public ChatEngineBuilder maxStateBytes(long bytes) {
        if (bytes < 1) {
            throw new InvalidRequestException("maxStateBytes", "expected at least 1, found " + bytes);
        }
        maxStateBytes = bytes;
        return this;
    }

    /**
     * Lets sessions that are idle give up their memory when it is short: their states are written to a folder, the least recently
     * used first, and read back when they are used.
     *
     * @param folder belongs to this engine alone: {@link #build} fails while another one uses it; made if it does not exist, and
     *     states that an earlier engine left there are removed. By default no session is parked
     * @return this builder
     */
    public ChatEngineBuilder parkIdleSessions(Path folder) {
        parkingFolder = Objects.requireNonNull(folder, "folder");
        requireParkingBesideStore();
        return this;
    }

    /**
     * Sets where snapshots are kept.
     *
     * @param snapshots by default a {@link FileSnapshotStore} in {@link FileSnapshotStore#defaultFolder}, opened when it is first
     *     used
     * @return this builder
     */
    public ChatEngineBuilder snapshots(SnapshotStore snapshots) {
        store = Objects.requireNonNull(snapshots, "snapshots");
        requireParkingBesideStore();
        return this;
    }

    /**
     * Says how the weights are told from others, for snapshots: by all of their bytes, or, above 1 GiB, by samples of each
     * tensor.
     *
     * @param full whether all bytes are read whatever their number; by default not
     * @return this builder
     */
    public ChatEngineBuilder fullFingerprint(boolean full) {
        fullFingerprint = full;
        return this;
    }

    /**
     * Adds a listener that is told what the engine does.
     *
     * @param listener the listener
     * @return this builder
     */
    public ChatEngineBuilder listener(EngineListener listener) {
        listeners.add(Objects.requireNonNull(listener, "listener"));
        return this;
    }

    /**
     * Sets for how long a stream whose buffer is full may stay unread before its answer is given up.
     *
     * @param time above 0; by default 5 minutes
     * @return this builder
     */
    public ChatEngineBuilder readerPatience(Duration time) {
        if (time.isNegative() || time.isZero()) {
            throw new InvalidRequestException("readerPatience", "expected a time above 0, found " + time);
        }
        readerPatience = time;
        return this;
    }

    /**
     * Overrides a setting of the model's {@code config.json}.
     *
     * @param key one of the {@code span_attention_*} keys
     * @param value the value as it would stand in the file
     * @return this builder
     */
    public ChatEngineBuilder modelOption(String key, String value) {
        modelOptions.put(Objects.requireNonNull(key, "key"), Objects.requireNonNull(value, "value"));
        return this;
    }

    /**
     * Sets who is told how far the loading of the weights has come.
     *
     * @param listener is called on the thread that calls {@link #build}
     * @return this builder
     */
    public ChatEngineBuilder loadProgress(LoadProgress listener) {
        progress = listener;
        return this;
    }

    /**
     * Loads the model and starts the engine.
     *
     * @return the engine, to be closed by the caller
     * @throws InvalidRequestException if no model was named, or idle sessions are to be parked where snapshots are by default
     * @throws dev.longspan.spi.ModelLoadException if a file of the model is missing or at fault
     * @throws ChatTemplateException if the model's template cannot be understood
     * @throws dev.longspan.spi.BackendUnavailableException if no backend, or not the one asked for, can work here
     * @throws dev.longspan.spi.BackendException if the backend cannot run the model
     */
    public ChatEngine build() {
        if (folder == null) {
            throw new InvalidRequestException("model", "expected a folder, found none: call model(Path)");
        }
        if (store == null) {
            requireParkingBeside(parked -> FileSnapshotStore.isSame(parked, FileSnapshotStore.defaultFolder()));
        }
        List<AutoCloseable> owned = new ArrayList<>();
        try {
            return open(folder, owned);
        } catch (RuntimeException | Error e) {
            try {
                ChatEngine.closeAll(owned);
            } catch (RuntimeException suppressed) {
                e.addSuppressed(suppressed);
            }
            throw e;
        }
    }

    /** Both have a lock, and leftovers of their own that are removed. */
    private void requireParkingBeside(Predicate<Path> snapshots) {
        if (parkingFolder != null && snapshots.test(parkingFolder)) {
            throw new InvalidRequestException(
                    "parkIdleSessions", "expected a folder of its own, found that of the snapshots: " + parkingFolder);
        }
    }

    private void requireParkingBesideStore() {
        if (store instanceof FileSnapshotStore files) {
            requireParkingBeside(files::isIn);
        }
    }

    private ChatEngine open(Path directory, List<AutoCloseable> owned) {
        FolderStamp stamp = FolderStamp.of(directory);
        OpenModel model = OpenModel.read(directory, modelOptions, ToolParsers.with(toolParsers));
        Backend backend;
        List<String> notices;
        if (givenBackend != null) {
            backend = givenBackend;
            notices = List.of("backend " + backend.id() + ": given");
        } else {
            BackendOptions options =
                    BackendOptions.defaults().withThreads(threads).withDevice(device);
            BackendChoice choice = BackendChoice.probeAll(options);
            BackendChoice.Chosen chosen = backendId == null ? choice.best() : choice.named(backendId);
            backend = chosen.provider().open(options);
            owned.add(backend);
            notices = chosen.notices();
        }
        Capabilities capabilities = backend.capabilities();
        // one token is left for prompts beside a full batch of running answers
        int most = Math.min(capabilities.maxRuns(), Math.max(1, capabilities.maxBatchTokens() - 1));
        int runs = Math.min(maxRunning, most);
        int tokens = (int) Math.min((long) prefillChunk + runs, capabilities.maxBatchTokens());
        PlanOptions work = new PlanOptions(runs, tokens, maxContextTokens + SessionContext.CLOSING_TOKENS, runs);
        MemoryPlan plan = NetworkLoader.plan(model.folder().config().spec(), backend, work);
        LanguageModel network = NetworkLoader.load(model.folder(), backend, plan, progress);
        owned.add(network);
        EngineLimits limits = new EngineLimits(runs, maxQueued, maxQueuedTokens, prefillChunk, readerPatience);
        ExecutorService worker = threads("longspan-worker", WORKERS);
        owned.add(() -> closeWorker(worker));
        ExecutorService returner = threads("longspan-states", 1);
        owned.add(() -> closeWorker(returner));
        PrefixCache prefixes = new PrefixCache(prefixCacheBytes >= 0 ? prefixCacheBytes : cacheShare(backend, plan));
        owned.add(prefixes::clear);
        IdleReclaimer reclaimer = new IdleReclaimer(prefixes, parkingFolder != null, worker);
        MemoryBudget memory = new MemoryBudget(backend, plan, maxStateBytes);
        Scheduler scheduler = new Scheduler(
                network, model.vocabulary(), limits, tokens, memory, reclaimer, worker, returner, listeners);
        owned.add(scheduler);
        ModelInfo info = model.info(maxContextTokens);
        BackendInfo backendInfo = new BackendInfo(backend.id(), backend.device(), backend.description(), notices);
        LOG.info("{} on backend {} ({})", info, backend.id(), backend.description());
        notices.forEach(LOG::info);
        Clock clock = Clock.system(ZoneId.systemDefault());
        SessionSnapshots snapshots = new SessionSnapshots(
                new Once<>(() -> store == null ? FileSnapshotStore.open(FileSnapshotStore.defaultFolder()) : store),
                new Once<>(() -> fingerprint(model, stamp)),
                scheduler,
                network,
                info.name(),
                maxContextTokens,
                clock);
        SessionContext context = new SessionContext(
                scheduler,
                new GenerationPlanner(model),
                model.renderer(),
                prefixes,
                maxContextTokens,
                parking(network, owned),
                clock);
        SessionTable sessions = new SessionTable(context, snapshots);
        reclaimer.connect(sessions, scheduler::wake);
        return new ChatEngine(model, backendInfo, info, plan, scheduler, prefixes, sessions, owned);
    }

    /** Computed when it is first needed, and only from the files that were loaded. */
    private Map<String, String> fingerprint(OpenModel model, FolderStamp stamp) {
        stamp.requireUnchanged();
        Map<String, String> fingerprint = Fingerprint.of(model.folder(), fullFingerprint);
        stamp.requireUnchanged();
        return fingerprint;
    }

    private Parking parking(LanguageModel network, List<AutoCloseable> owned) {
        if (parkingFolder == null) {
            return NoParking.INSTANCE;
        }
        DiskParking parking = new DiskParking(parkingFolder, network);
        owned.add(parking);
        return parking;
    }

    private long cacheShare(Backend backend, MemoryPlan plan) {
        MemorySize limit = backend.memory().limit();
        long memory = plan.perSequence().deviceBytes() > 0 ? limit.deviceBytes() : limit.hostBytes();
        return Math.min(DEFAULT_PREFIX_CACHE_BYTES, Math.min(maxStateBytes, memory) / CACHE_SHARE);
    }

    private static ExecutorService threads(String name, int count) {
        return Executors.newFixedThreadPool(count, task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        });
    }

    /** What was begun is finished; it may hold checkpoints. */
    private static void closeWorker(ExecutorService worker) {
        worker.shutdown();
        boolean interrupted = false;
        while (!worker.isTerminated()) {
            try {
                worker.awaitTermination(1, TimeUnit.MINUTES);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static int positive(String name, int value) {
        if (value < 1) {
            throw new InvalidRequestException(name, "expected at least 1, found " + value);
        }
        return value;
    }
}
