package dev.longspan;

import dev.longspan.backend.BackendChoice;
import dev.longspan.engine.EngineLimits;
import dev.longspan.engine.GenerationSpec;
import dev.longspan.engine.NetworkLoader;
import dev.longspan.engine.OpenModel;
import dev.longspan.engine.Scheduler;
import dev.longspan.prompt.Prompt;
import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.Capabilities;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.PlanOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A language model that answers, inside this process.
 *
 * <pre>{@code
 * try (ChatEngine engine = ChatEngine.builder().model(Path.of("model-folder")).build()) {
 *     System.out.println(engine.chat(ChatRequest.of("Hello")).text());
 * }
 * }</pre>
 *
 * <p>All methods may be called from any thread. Requests run side by side: one thread of the engine's own computes them in
 * batches.
 */
public final class ChatEngine implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ChatEngine.class);

    private final OpenModel model;
    private final BackendInfo backend;
    private final ModelInfo info;
    private final Scheduler scheduler;
    private final List<AutoCloseable> owned;

    private ChatEngine(
            OpenModel model, BackendInfo backend, ModelInfo info, Scheduler scheduler, List<AutoCloseable> owned) {
        this.model = model;
        this.backend = backend;
        this.info = info;
        this.scheduler = scheduler;
        this.owned = owned;
    }

    /** {@return a builder; only {@link Builder#model} must be set} */
    public static Builder builder() {
        return new Builder();
    }

    /** {@return what is known of the model} */
    public ModelInfo model() {
        return info;
    }

    /** {@return what the engine computes with} */
    public BackendInfo backend() {
        return backend;
    }

    /**
     * Answers a request, and waits for the whole answer.
     *
     * @param request the conversation, and how to answer it
     * @return the answer
     * @throws InvalidRequestException if the request cannot be run as it is, {@link ContextLengthException} if it is too long
     * @throws ChatTemplateException if the model's template refuses the conversation
     * @throws dev.longspan.spi.ModelLoadException if the tokenizer's pattern takes too many steps on the text
     * @throws EngineOverloadedException if too many requests wait
     * @throws EngineClosedException if the engine is closed before the answer's end
     * @throws GenerationException if computing the answer fails
     * @throws StreamInterruptedException if the thread is interrupted; the answer is cancelled
     */
    public ChatResponse chat(ChatRequest request) {
        try (ChatStream stream = stream(request)) {
            return stream.await();
        }
    }

    /**
     * Answers a request as a stream of events. The request is checked whole before this method returns.
     *
     * @param request the conversation, and how to answer it
     * @return the events, to be read to the end or closed by the caller
     * @throws InvalidRequestException if the request cannot be run as it is, {@link ContextLengthException} if it is too long
     * @throws ChatTemplateException if the model's template refuses the conversation
     * @throws dev.longspan.spi.ModelLoadException if the tokenizer's pattern takes too many steps on the text
     * @throws EngineOverloadedException if too many requests wait
     * @throws EngineClosedException if the engine is closed
     */
    public ChatStream stream(ChatRequest request) {
        Prompt prompt = model.renderer().render(request);
        int limit = info.maxContextTokens();
        int room = limit - prompt.ids().length;
        if (room < 1) {
            throw new ContextLengthException(prompt.ids().length, limit);
        }
        return scheduler.submit(new GenerationSpec(
                prompt.ids(),
                prompt.startsThinking(),
                Math.min(request.maxTokens(), room),
                request.temperature().orElse(model.folder().generation().temperature()),
                request.seed().orElseGet(() -> ThreadLocalRandom.current().nextLong()),
                request.flushPolicy()));
    }

    /**
     * {@return how many tokens the request's prompt has}
     *
     * @param request the conversation
     * @throws InvalidRequestException if the request cannot be run as it is; its length is not looked at
     * @throws ChatTemplateException if the model's template refuses the conversation
     */
    public int countTokens(ChatRequest request) {
        return model.renderer().render(request).ids().length;
    }

    /**
     * Ends every stream with {@link EngineClosedException} within one step, and frees the model and what else the engine
     * made. May be called twice.
     */
    @Override
    public void close() {
        scheduler.close();
        closeAll(owned);
    }

    /** Closes in reverse order; the first failure is thrown when all have been closed. */
    private static void closeAll(List<AutoCloseable> resources) {
        RuntimeException failure = null;
        for (int i = resources.size() - 1; i >= 0; i--) {
            try {
                resources.get(i).close();
            } catch (Exception e) {
                if (failure == null) {
                    failure = e instanceof RuntimeException known ? known : new IllegalStateException(e);
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    /** Gathers the settings of an engine. Not for use by several threads at once. */
    public static final class Builder {
        /** How many tokens prompt and answer may have together if the builder is not told: 131 072. */
        public static final int DEFAULT_MAX_CONTEXT_TOKENS = 131_072;

        private static final int DEFAULT_PREFILL_CHUNK = 2048;
        private static final int DEFAULT_MAX_RUNNING = 64;
        private static final int DEFAULT_MAX_QUEUED = 256;
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
        private Duration readerPatience = DEFAULT_READER_PATIENCE;
        private final Map<String, String> modelOptions = new LinkedHashMap<>();
        private LoadProgress progress = LoadProgress.NONE;

        private Builder() {}

        /**
         * Sets the model. Required.
         *
         * @param directory a folder in the Hugging Face layout
         * @return this builder
         */
        public Builder model(Path directory) {
            folder = directory;
            return this;
        }

        /**
         * Asks for one backend; no other will be used.
         *
         * @param id the backend's id, such as {@code reference}
         * @return this builder
         */
        public Builder backend(String id) {
            backendId = id;
            return this;
        }

        /**
         * Uses a backend that is open already, which the engine does not close.
         *
         * @param open the backend
         * @return this builder
         */
        public Builder backend(Backend open) {
            givenBackend = open;
            return this;
        }

        /**
         * Asks for a device of the backend.
         *
         * @param id the device's id, such as {@code cpu}; {@value BackendOptions#ANY_DEVICE} lets the backend choose
         * @return this builder
         */
        public Builder device(String id) {
            device = id;
            return this;
        }

        /**
         * Sets how many threads the backend may compute with.
         *
         * @param count 1 to {@value BackendOptions#MAX_THREADS}; by default as many as the machine has processors
         * @return this builder
         */
        public Builder threads(int count) {
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
        public Builder maxContextTokens(int tokens) {
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
        public Builder prefillChunk(int tokens) {
            prefillChunk = positive("prefillChunk", tokens);
            return this;
        }

        /**
         * Sets how many answers are computed side by side.
         *
         * @param count at least 1; by default 64; never more than the backend can
         * @return this builder
         */
        public Builder maxRunning(int count) {
            maxRunning = positive("maxRunning", count);
            return this;
        }

        /**
         * Sets how many requests may wait; one more is refused with {@link EngineOverloadedException}.
         *
         * @param count at least 1; by default 256
         * @return this builder
         */
        public Builder maxQueued(int count) {
            maxQueued = positive("maxQueued", count);
            return this;
        }

        /**
         * Sets for how long a stream whose buffer is full may stay unread before its answer is given up.
         *
         * @param time above 0; by default 5 minutes
         * @return this builder
         */
        public Builder readerPatience(Duration time) {
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
        public Builder modelOption(String key, String value) {
            modelOptions.put(Objects.requireNonNull(key, "key"), Objects.requireNonNull(value, "value"));
            return this;
        }

        /**
         * Sets who is told how far the loading of the weights has come.
         *
         * @param listener is called on the thread that calls {@link #build}
         * @return this builder
         */
        public Builder loadProgress(LoadProgress listener) {
            progress = listener;
            return this;
        }

        /**
         * Loads the model and starts the engine.
         *
         * @return the engine, to be closed by the caller
         * @throws InvalidRequestException if no model was named
         * @throws dev.longspan.spi.ModelLoadException if a file of the model is missing or at fault
         * @throws ChatTemplateException if the model's template cannot be understood
         * @throws dev.longspan.spi.BackendUnavailableException if no backend, or not the one asked for, can work here
         * @throws dev.longspan.spi.BackendException if the backend cannot run the model
         */
        public ChatEngine build() {
            if (folder == null) {
                throw new InvalidRequestException("model", "expected a folder, found none: call model(Path)");
            }
            List<AutoCloseable> owned = new ArrayList<>();
            try {
                return open(folder, owned);
            } catch (RuntimeException | Error e) {
                try {
                    closeAll(owned);
                } catch (RuntimeException suppressed) {
                    e.addSuppressed(suppressed);
                }
                throw e;
            }
        }

        private ChatEngine open(Path directory, List<AutoCloseable> owned) {
            OpenModel model = OpenModel.read(directory, modelOptions);
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
            PlanOptions work = new PlanOptions(runs, tokens, maxContextTokens, runs);
            LanguageModel network = NetworkLoader.load(model.folder(), backend, work, progress);
            owned.add(network);
            EngineLimits limits = new EngineLimits(runs, maxQueued, prefillChunk, readerPatience);
            Scheduler scheduler = new Scheduler(network, model.vocabulary(), limits, tokens);
            ModelInfo info = model.info(maxContextTokens);
            BackendInfo backendInfo = new BackendInfo(backend.id(), backend.device(), backend.description(), notices);
            LOG.info("{} on backend {} ({})", info, backend.id(), backend.description());
            return new ChatEngine(model, backendInfo, info, scheduler, owned);
        }

        private static int positive(String name, int value) {
            if (value < 1) {
                throw new InvalidRequestException(name, "expected at least 1, found " + value);
            }
            return value;
        }
    }
}
