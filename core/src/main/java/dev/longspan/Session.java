package dev.longspan;

import dev.longspan.session.LiveSession;
import dev.longspan.session.SessionTable;
import java.util.List;
import java.util.Optional;

/**
 * A conversation that keeps its state: each turn computes only what is new. Opened by {@link ChatEngine#openSession}.
 *
 * <pre>{@code
 * try (Session session = engine.openSession()) {
 *     session.send("My name is Alice.");
 *     System.out.println(session.send("What's my name?").text());
 * }
 * }</pre>
 *
 * <p>A turn happens whole or not at all: it fails, and the session is as before. What a session holds is always what reading its
 * history afresh would give. Methods may be called from any thread; one turn runs at a time, and another one is refused with
 * {@link SessionBusyException}, or waits if its {@link TurnOptions} say so. Looking at a session, forking and saving it never
 * wait for a turn: they see what was committed last.
 */
public final class Session implements AutoCloseable {
    private final LiveSession session;
    private final SessionTable table;

    Session(LiveSession session, SessionTable table) {
        this.session = session;
        this.table = table;
    }

    /** {@return its id} */
    public String id() {
        return session.id();
    }

    /** {@return how it stands at this moment} */
    public SessionInfo info() {
        return session.view().info();
    }

    /** {@return its messages, as committed last; thinking only where it is kept} */
    public List<ChatMessage> history() {
        return session.history();
    }

    /** {@return the ids of the tokens that its state has absorbed, as committed last} */
    public int[] tokenIds() {
        return session.tokenIds();
    }

    /**
     * Says something, and waits for the answer.
     *
     * @param text what the user says
     * @return the answer
     * @throws dev.longspan.spi.LongspanException as {@link #stream(ChatRequest, TurnOptions)} and {@link ChatStream#await} do
     */
    public ChatResponse send(String text) {
        return send(ChatRequest.of(text));
    }

    /**
     * Answers new messages, and waits for the answer.
     *
     * @param request the new messages alone, and how to answer
     * @return the answer
     * @throws dev.longspan.spi.LongspanException as {@link #stream(ChatRequest, TurnOptions)} and {@link ChatStream#await} do
     */
    public ChatResponse send(ChatRequest request) {
        return send(request, TurnOptions.DEFAULT);
    }

    /**
     * Answers new messages, and waits for the answer.
     *
     * @param request the new messages alone, and how to answer
     * @param options how the turn is begun and ended
     * @return the answer
     * @throws dev.longspan.spi.LongspanException as {@link #stream(ChatRequest, TurnOptions)} and {@link ChatStream#await} do
     */
    public ChatResponse send(ChatRequest request, TurnOptions options) {
        try (ChatStream stream = stream(request, options)) {
            return stream.await();
        }
    }

    /**
     * Says something, and gives the answer as a stream.
     *
     * @param text what the user says
     * @return the events, to be read to the end or closed by the caller
     * @throws dev.longspan.spi.LongspanException as {@link #stream(ChatRequest, TurnOptions)} does
     */
    public ChatStream stream(String text) {
        return stream(ChatRequest.of(text), TurnOptions.DEFAULT);
    }

    /**
     * Answers new messages as a stream of events. The turn is checked whole before this method returns; it is committed before
     * the last event, {@link ChatEvent.Completed}. Closing the stream early keeps what the reader was given, or takes the turn
     * back, as the options say.
     *
     * @param request the new messages alone, and how to answer; the last message a user's or a tool's. The tools and settings
     *     may be others than before: what they change is computed again. {@link ChatRequest#again} answers a history that ends
     *     so already
     * @param options how the turn is begun and ended
     * @return the events, to be read to the end or closed by the caller
     * @throws InvalidRequestException if the request cannot be run as it is, {@link ContextLengthException} if it is too long
     * @throws ChatTemplateException if the model's template refuses the conversation
     * @throws SessionBusyException if another turn runs
     * @throws SequenceConflictException if the session has moved on
     * @throws SessionClosedException if the session is closed
     * @throws ContextMemoryException if prompt and answer need more memory than there is in all
     * @throws dev.longspan.spi.BackendMemoryException if there is not enough memory beside others
     * @throws EngineOverloadedException if too many requests wait
     * @throws EngineClosedException if the engine is closed
     */
    public ChatStream stream(ChatRequest request, TurnOptions options) {
        return session.turns().answer(request, options);
    }

    /**
     * {@return how many tokens the prompt of a turn would have, the history included} Nothing is computed or changed.
     *
     * @param request the new messages alone, and how to answer
     * @throws InvalidRequestException if the request cannot be run as it is; its length is not looked at
     * @throws ChatTemplateException if the model's template refuses the conversation
     */
    public int countTokens(ChatRequest request) {
        return session.turns().countTokens(request);
    }

    /**
     * Reads messages without answering: how documents get into a conversation before the first question.
     *
     * @param messages the new messages, at least one
     * @throws dev.longspan.spi.LongspanException as {@link #stream(ChatRequest, TurnOptions)} and {@link ChatStream#await} do
     */
    public void append(List<? extends ChatMessage> messages) {
        session.turns().append(List.copyOf(messages), null, TurnOptions.DEFAULT);
    }

    /**
     * Reads messages without answering, with tools and settings.
     *
     * @param request the new messages, tools and settings of the template; nothing else of it counts
     * @param options how the turn is begun
     * @throws dev.longspan.spi.LongspanException as {@link #stream(ChatRequest, TurnOptions)} and {@link ChatStream#await} do
     */
    public void append(ChatRequest request, TurnOptions options) {
        session.turns().append(request, options);
    }

    /**
     * Begins to read messages without answering, and tells how far it is.
     *
     * @param request the new messages, tools and settings of the template; nothing else of it counts
     * @param options how the turn is begun; a turn that is cancelled is taken back
     * @return {@link ChatEvent.PromptProgress} and an end, to be read to the end or closed by the caller; empty if there was nothing
     *     to compute, and the messages are in the history
     * @throws dev.longspan.spi.LongspanException as {@link #stream(ChatRequest, TurnOptions)} does
     */
    public Optional<ChatStream> beginAppend(ChatRequest request, TurnOptions options) {
        return session.turns().beginAppend(request, options);
    }

    /**
     * Goes back to the beginning of the history. Back to the end of a turn that is still kept this computes nothing, to any other
     * place at most what lies behind the next older kept one.
     *
     * @param keepMessages how many messages to keep, from 0
     * @throws ChatTemplateException if the template does not render so few messages, such as a system message alone
     * @throws dev.longspan.spi.LongspanException as {@link #stream(ChatRequest, TurnOptions)} and {@link ChatStream#await} do
     */
    public void rollback(int keepMessages) {
        session.turns().rollback(keepMessages, TurnOptions.DEFAULT);
    }

    /**
     * Goes back to the beginning of the history.
     *
     * @param keepMessages how many messages to keep, from 0
     * @param options how the turn is begun
     * @throws dev.longspan.spi.LongspanException as {@link #stream(ChatRequest, TurnOptions)} and {@link ChatStream#await} do
     */
    public void rollback(int keepMessages, TurnOptions options) {
        session.turns().rollback(keepMessages, options);
    }

    /**
     * Begins to go back to the beginning of the history, and tells how far it is.
     *
     * @param keepMessages how many messages to keep, from 0
     * @param options how the turn is begun; a turn that is cancelled is taken back, and the history stays as it was
     * @return {@link ChatEvent.PromptProgress} and an end, to be read to the end or closed by the caller; empty if there was nothing
     *     to compute, and the history is as asked for
     * @throws ChatTemplateException if the template does not render so few messages, such as a system message alone
     * @throws dev.longspan.spi.LongspanException as {@link #stream(ChatRequest, TurnOptions)} does
     */
    public Optional<ChatStream> beginRollback(int keepMessages, TurnOptions options) {
        return session.turns().beginRollback(keepMessages, options);
    }

    /**
     * Sets how many tokens the conversation may have. No memory is taken or freed: it grows with the tokens held.
     *
     * @param maxTokens from what it holds to the engine's limit
     * @throws InvalidRequestException if it is out of range
     * @throws SessionBusyException if a turn runs
     * @throws SessionClosedException if the session is closed
     */
    public void resize(int maxTokens) {
        session.resize(maxTokens);
    }

    /**
     * {@return a second session from what was committed last, independent from then on} Keys and values are shared, not copied;
     * also while a turn runs.
     *
     * @throws SessionClosedException if the session is closed
     */
    public Session fork() {
        return fork(SessionTable.newId());
    }

    /**
     * {@return a second session from what was committed last, independent from then on}
     *
     * @param id the second session's id
     * @throws SessionExistsException if there is a session of that id
     * @throws SessionClosedException if the session is closed
     */
    public Session fork(String id) {
        SessionOptions checked = SessionOptions.DEFAULT.withId(id);
        return new Session(table.fork(session, checked.id().orElse(id)), table);
    }

    /**
     * Saves what was committed last as a snapshot, also while a turn runs. When this returns, it is safe on disk. It waits only
     * if the state is not there: for memory if it was parked, and for the turn that computes it if it was lost.
     *
     * @param title what people call it
     * @return the snapshot
     * @throws InvalidRequestException if the session is empty
     * @throws dev.longspan.spi.BackendMemoryException if its state was parked and there is no memory for it
     * @throws SnapshotStoreException if the storage fails
     * @throws SessionClosedException if the session is closed
     */
    public SnapshotInfo save(String title) {
        return save(SessionTable.newId(), SnapshotLabel.titled(title));
    }

    /**
     * Saves what was committed last as a snapshot under an id that is made, also while a turn runs.
     *
     * @param label title, description and tags
     * @return the snapshot
     * @throws InvalidRequestException if the session is empty
     * @throws dev.longspan.spi.BackendMemoryException if its state was parked and there is no memory for it
     * @throws SnapshotStoreException if the storage fails
     * @throws SessionClosedException if the session is closed
     */
    public SnapshotInfo save(SnapshotLabel label) {
        return save(SessionTable.newId(), label);
    }

    /**
     * Saves what was committed last as a snapshot, also while a turn runs. When this returns, it is safe on disk. It waits only
     * if the state is not there: for memory if it was parked, and for the turn that computes it if it was lost.
     *
     * @param snapshotId the snapshot's id
     * @param label title, description and tags
     * @return the snapshot
     * @throws InvalidRequestException if the session is empty, or the id is none
     * @throws dev.longspan.spi.BackendMemoryException if its state was parked and there is no memory for it
     * @throws SnapshotExistsException if there is a snapshot of that id
     * @throws SnapshotStoreException if the storage fails
     * @throws SessionClosedException if the session is closed
     */
    public SnapshotInfo save(String snapshotId, SnapshotLabel label) {
        return table.snapshots().save(session, snapshotId, label);
    }

    /**
     * Puts a snapshot in the place of what the session holds. The snapshot is read and verified whole before anything changes.
     *
     * @param snapshotId the snapshot's id
     * @throws SnapshotNotFoundException if there is no such snapshot
     * @throws SnapshotCorruptException if it is not what was saved
     * @throws SnapshotIncompatibleException if it is another model's
     * @throws ContextLengthException if it holds more than the engine takes
     * @throws dev.longspan.spi.BackendMemoryException if there is not enough memory
     * @throws SessionBusyException if a turn runs
     * @throws SessionClosedException if the session is closed
     */
    public void load(String snapshotId) {
        table.load(snapshotId, session);
    }

    /**
     * Closes the session: a turn that runs is cancelled and taken back. May be called twice. On the engine's own thread, where a
     * subscriber may call it, it returns before the turn has ended.
     */
    @Override
    public void close() {
        table.remove(session);
    }
}
