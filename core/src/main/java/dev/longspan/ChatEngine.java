package dev.longspan;

import dev.longspan.engine.GenerationPlanner;
import dev.longspan.engine.GenerationSpec;
import dev.longspan.engine.OpenModel;
import dev.longspan.engine.PrefixCache;
import dev.longspan.engine.ResponseFuture;
import dev.longspan.engine.Scheduler;
import dev.longspan.engine.TurnOwner;
import dev.longspan.session.SessionTable;
import dev.longspan.spi.MemoryPlan;
import dev.longspan.spi.MemorySize;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.locks.ReentrantLock;
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
    private final GenerationPlanner planner;
    private final BackendInfo backend;
    private final ModelInfo info;
    private final MemoryPlan memoryPlan;
    private final Scheduler scheduler;
    private final PrefixCache prefixes;
    private final SessionTable sessions;
    private final List<AutoCloseable> owned;
    private final ReentrantLock closing = new ReentrantLock();
    private boolean closed;

    ChatEngine(
            OpenModel model,
            BackendInfo backend,
            ModelInfo info,
            MemoryPlan memoryPlan,
            Scheduler scheduler,
            PrefixCache prefixes,
            SessionTable sessions,
            List<AutoCloseable> owned) {
        this.model = model;
        this.backend = backend;
        this.info = info;
        this.memoryPlan = memoryPlan;
        this.planner = new GenerationPlanner(model);
        this.scheduler = scheduler;
        this.prefixes = prefixes;
        this.sessions = sessions;
        this.owned = owned;
    }

    /** {@return a builder; only {@link ChatEngineBuilder#model} must be set} */
    public static ChatEngineBuilder builder() {
        return new ChatEngineBuilder();
    }

    /** {@return what is known of the model} */
    public ModelInfo model() {
        return info;
    }

    /** {@return what the engine computes with} */
    public BackendInfo backend() {
        return backend;
    }

    /** {@return an upper bound of the memory that the model uses, and a conversation by its length} */
    public MemoryPlan memoryPlan() {
        return memoryPlan;
    }

    /**
     * Answers a request, and waits for the whole answer.
     *
     * @param request the conversation, and how to answer it
     * @return the answer
     * @throws InvalidRequestException if the request cannot be run as it is, {@link ContextLengthException} if it is too long
     * @throws ChatTemplateException if the model's template refuses the conversation
     * @throws ContextMemoryException if prompt and answer need more memory than there is in all
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
     * @throws ContextMemoryException if prompt and answer need more memory than there is in all
     * @throws EngineOverloadedException if too many requests wait
     * @throws EngineClosedException if the engine is closed
     */
    public ChatStream stream(ChatRequest request) {
        scheduler.requirePlace();
        GenerationSpec spec = plan(request);
        return scheduler.submit(spec, owner(request, spec));
    }

    /**
     * Answers a request for subscribers, with the common pool as executor; see {@link #publisher(ChatRequest, Executor)}.
     *
     * @param request the conversation, and how to answer it
     * @return the publisher
     * @throws InvalidRequestException as {@link #stream} does
     * @throws ChatTemplateException as {@link #stream} does
     */
    public Flow.Publisher<ChatEvent> publisher(ChatRequest request) {
        return publisher(request, ForkJoinPool.commonPool());
    }

    /**
     * Answers a request for subscribers. The request is checked whole before this method returns; each subscription then is
     * an answer of its own. {@link ChatEvent.Completed} is the last event before {@code onComplete}; instead of
     * {@link ChatEvent.Failed} there is {@code onError}, and so there is for what {@link #stream} would throw for lack of
     * room. Cancelling a subscription ends its answer within one step.
     *
     * @param request the conversation, and how to answer it
     * @param executor calls the subscribers, one call after the other; one that runs its tasks at once makes the engine's own
     *     thread do it, and all answers wait
     * @return the publisher
     * @throws InvalidRequestException as {@link #stream} does
     * @throws ChatTemplateException as {@link #stream} does
     */
    public Flow.Publisher<ChatEvent> publisher(ChatRequest request, Executor executor) {
        Objects.requireNonNull(executor, "executor");
        GenerationSpec checked = plan(request);
        boolean seeded = request.sampling().seed().isPresent();
        return scheduler.publisher(
                () -> seeded ? checked : checked.withAnotherSeed(), () -> owner(request, checked), executor);
    }

    /**
     * Answers a request in a future. Cancelling the future ends the answer within one step. What depends on the future runs
     * in the common pool, not on the engine's thread.
     *
     * @param request the conversation, and how to answer it
     * @return the answer, or the error that {@link #chat} would throw
     * @throws InvalidRequestException as {@link #stream} does
     * @throws ChatTemplateException as {@link #stream} does
     */
    public CompletableFuture<ChatResponse> chatAsync(ChatRequest request) {
        return ResponseFuture.of(publisher(request));
    }

    private GenerationSpec plan(ChatRequest request) {
        requireMessages(request);
        return planner.plan(request, request.messages(), info.maxContextTokens(), null);
    }

    private TurnOwner owner(ChatRequest request, GenerationSpec spec) {
        return prefixes.ownerOf(request, spec, planner);
    }

    private static void requireMessages(ChatRequest request) {
        if (request.messages().isEmpty() && request.prompt().isEmpty()) {
            throw new InvalidRequestException("messages", "expected at least one, found none");
        }
    }

    /**
     * {@return a new, empty session}
     *
     * @throws EngineClosedException if the engine is closed
     */
    public Session openSession() {
        return openSession(SessionOptions.DEFAULT);
    }

    /**
     * {@return a new, empty session}
     *
     * @param options how it is opened
     * @throws SessionExistsException if there is a session of its id
     * @throws InvalidRequestException if it is to have more tokens than the engine takes
     * @throws EngineClosedException if the engine is closed
     */
    public Session openSession(SessionOptions options) {
        return new Session(sessions.open(options), sessions);
    }

    /**
     * {@return a new session with a history that is read at once}
     *
     * @param options how it is opened
     * @param history the messages, tools and settings of the template; nothing else of it counts
     * @throws SessionExistsException if there is a session of its id
     * @throws dev.longspan.spi.LongspanException as {@link Session#append(ChatRequest, TurnOptions)} does
     */
    public Session openSession(SessionOptions options, ChatRequest history) {
        Session session = openSession(options);
        try {
            session.append(history, TurnOptions.DEFAULT);
            return session;
        } catch (RuntimeException | Error e) {
            session.close();
            throw e;
        }
    }

    /**
     * {@return a new session from a snapshot} The snapshot is read and verified whole before the session is there; its next
     * turn computes only what is new.
     *
     * @param snapshotId the snapshot's id
     * @param options how the session is opened; its limit is the snapshot's if they say none
     * @throws SessionExistsException if there is a session of its id
     * @throws SnapshotNotFoundException if there is no such snapshot
     * @throws SnapshotCorruptException if it is not what was saved
     * @throws SnapshotIncompatibleException if it is another model's
     * @throws ContextLengthException if it holds more than the engine takes
     * @throws dev.longspan.spi.BackendMemoryException if there is not enough memory
     * @throws EngineClosedException if the engine is closed
     */
    public Session loadSession(String snapshotId, SessionOptions options) {
        return new Session(sessions.load(snapshotId, options), sessions);
    }

    /** {@return where snapshots are kept} */
    public SnapshotStore snapshots() {
        return sessions.snapshots().store();
    }

    /**
     * {@return what tells the states of this model from those of others, as each snapshot has it} Computed from the model's files when
     * it is first needed, here or by a save or load, and then kept; that takes as long as reading the weights, of which large ones are
     * sampled unless {@link ChatEngineBuilder#fullFingerprint} is set. Who may replace the files while the engine is open calls this
     * before; later they are refused.
     *
     * @throws dev.longspan.spi.ModelLoadException if the files cannot be read, or are no longer those that were loaded
     */
    public Map<String, String> fingerprint() {
        return sessions.snapshots().fingerprint();
    }

    /**
     * {@return the open session of an id}
     *
     * @param id its id
     * @throws SessionNotFoundException if there is none
     */
    public Session session(String id) {
        return new Session(sessions.get(id), sessions);
    }

    /**
     * {@return whether it answers} Not any more once it is closed, or once its own thread has failed, as where the heap is exhausted:
     * who runs it then makes another. Waits for nobody.
     */
    public boolean isOpen() {
        return scheduler.isOpen();
    }

    /** {@return how the open sessions stand at this moment, the one used last first} */
    public List<SessionInfo> sessions() {
        return sessions.all().stream().map(session -> session.view().info()).toList();
    }

    /**
     * {@return what is held beside the loaded model at this moment: the states and checkpoints of sessions, of running answers and
     * of the prefix cache, and what computing needs} What several share counts once, as it does against limits of memory.
     */
    public MemorySize heldMemory() {
        return scheduler.held();
    }

    /** {@return how much the engine has to do at this moment} */
    public EngineLoad load() {
        return scheduler.load();
    }

    /**
     * {@return how many tokens the request's prompt has}
     *
     * @param request the conversation
     * @throws InvalidRequestException if the request cannot be run as it is; its length is not looked at
     * @throws ChatTemplateException if the model's template refuses the conversation
     */
    public int countTokens(ChatRequest request) {
        requireMessages(request);
        return planner.prompt(request, request.messages(), null).ids().length;
    }

    /**
     * {@return the ids of a text's tokens; control tokens in it are control tokens}
     *
     * @param text any text
     * @throws InvalidRequestException if the tokenizer's pattern takes too many steps on it
     */
    public int[] tokenize(String text) {
        return model.renderer().encodeText(text);
    }

    /**
     * {@return the text of tokens, control tokens included; bytes that are no character are replaced}
     *
     * @param ids the ids, each below the vocabulary's size
     * @throws InvalidRequestException if one is none of the model's
     */
    public String detokenize(int... ids) {
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] < 0 || ids[i] >= info.vocabularySize()) {
                throw new InvalidRequestException(
                        "ids[" + i + "]", "expected 0 to " + (info.vocabularySize() - 1) + ", found " + ids[i]);
            }
        }
        return model.renderer().decode(ids);
    }

    /**
     * Adds a listener that is told what the engine does from now on.
     *
     * @param listener the listener
     */
    public void addListener(EngineListener listener) {
        scheduler.addListener(listener);
    }

    /**
     * Takes a listener away; nothing happens if it is not there.
     *
     * @param listener the listener
     */
    public void removeListener(EngineListener listener) {
        scheduler.removeListener(listener);
    }

    /**
     * Ends every stream with {@link EngineClosedException} within one step, and frees the model and what else the engine
     * made. May be called twice. On the engine's own thread, where a subscriber may call it, it returns before that
     * is done: the engine ends behind it.
     */
    @Override
    public void close() {
        scheduler.close();
        if (scheduler.isOnEngine()) {
            Thread closer = new Thread(this::closeAfterwards, "longspan-close");
            closer.start();
        } else {
            closeRest();
        }
    }

    /** What close does once the engine's thread has ended. */
    private void closeAfterwards() {
        try {
            scheduler.close();
            closeRest();
        } catch (RuntimeException e) {
            LOG.error("an engine that was closed by its own thread did not end in order", e);
        }
    }

    /** What several threads close at once, the first of them ends; the others wait for that. */
    private void closeRest() {
        closing.lock();
        try {
            if (!closed) {
                closed = true;
                closeOnce();
            }
        } finally {
            closing.unlock();
        }
    }

    private void closeOnce() {
        sessions.close();
        scheduler.reservations().awaitNone(); // a save or a load that has begun is finished
        closeAll(owned);
    }

    /** Closes in reverse order; the first failure is thrown when all have been closed. */
    static void closeAll(List<AutoCloseable> resources) {
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
}
