package dev.longspan.cli;

import dev.longspan.ChatEngine;
import dev.longspan.ChatEvent;
import dev.longspan.ChatMessage;
import dev.longspan.ChatRequest;
import dev.longspan.ChatResponse;
import dev.longspan.ChatStream;
import dev.longspan.Session;
import dev.longspan.SessionInfo;
import dev.longspan.SnapshotInfo;
import dev.longspan.SnapshotLabel;
import dev.longspan.StreamInterruptedException;
import dev.longspan.TurnOptions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The conversation that goes on, a session, and those it was forked from. What fails, or is stopped before anything came of
 * it, leaves no trace. Only {@link #stop} may be called from another thread.
 */
final class Conversation implements AutoCloseable {
    private final ChatEngine engine;
    private final AnswerOptions options;
    private final Map<String, Session> leftBehind = new LinkedHashMap<>();
    private Session session;
    private @Nullable ChatResponse last;
    private long generatedTokens;

    private final Object stopLock = new Object();
    private @Nullable Runnable stopper;

    Conversation(ChatEngine engine, AnswerOptions options) {
        this.engine = engine;
        this.options = options;
        session = engine.openSession();
    }

    /** {@return how it stands} */
    SessionInfo info() {
        return session.info();
    }

    /** {@return the messages so far} */
    List<ChatMessage> messages() {
        return session.history();
    }

    /** {@return the last answer since the start; empty if there was none} */
    Optional<ChatResponse> lastAnswer() {
        return Optional.ofNullable(last);
    }

    /** {@return how many tokens were generated since the start} */
    long generatedTokens() {
        return generatedTokens;
    }

    /** Begins a new one; this one is lost. */
    void clear() {
        Session fresh = engine.openSession();
        session.close();
        session = fresh;
    }

    /**
     * Finds out whether the model accepts the settings.
     *
     * @throws dev.longspan.spi.LongspanException if it does not
     */
    void check() {
        engine.countTokens(options.request(opened(ChatMessage.user("?"))));
    }

    /** {@return its system message; empty if it has none, or has not begun} */
    Optional<String> systemMessage() {
        return messages().stream()
                .limit(1)
                .filter(ChatMessage.SystemMessage.class::isInstance)
                .map(ChatMessage::text)
                .findFirst();
    }

    /** {@return whether the options' system message does not count, because the conversation began without it} */
    boolean beganOtherwise() {
        List<ChatMessage> wanted = options.opening();
        return !wanted.isEmpty() && !messages().isEmpty() && !messages().get(0).equals(wanted.get(0));
    }

    /**
     * Says something and shows the answer.
     *
     * @throws dev.longspan.spi.LongspanException if the answer failed; the view has not been told
     */
    void ask(String text, AnswerView view) {
        answer(options.request(opened(ChatMessage.user(text))), view);
    }

    /**
     * Answers once more what was answered last, or what is not answered yet.
     *
     * @throws CommandException if there is nothing to answer
     * @throws dev.longspan.spi.LongspanException if the answer failed; the view has not been told
     */
    void retry(AnswerView view) {
        int keep = throughLastQuestion();
        if (keep == 0) {
            throw new CommandException("there is nothing to answer again");
        }
        try (Session before = session.fork()) {
            boolean answered = false;
            try {
                interruptible(() -> session.rollback(keep));
                answer(options.again(), view);
                answered = session.info().messages() > keep;
            } finally {
                if (!answered) {
                    String id = session.id();
                    session.close();
                    session = before.fork(id);
                }
            }
        }
    }

    private int throughLastQuestion() {
        List<ChatMessage> messages = messages();
        int keep = messages.size();
        while (keep > 0
                && !(messages.get(keep - 1) instanceof ChatMessage.UserMessage)
                && !(messages.get(keep - 1) instanceof ChatMessage.ToolMessage)) {
            keep--;
        }
        return keep;
    }

    /** Reads a user's message without answering. */
    void add(String text) {
        ChatRequest request = options.request(opened(ChatMessage.user(text)));
        interruptible(() -> session.append(request, TurnOptions.DEFAULT));
    }

    /** Goes back to the first messages. */
    void rollback(int keepMessages) {
        interruptible(() -> session.rollback(keepMessages));
    }

    /** Goes on in a fork. */
    void fork() {
        Session fork = session.fork();
        leftBehind.put(session.id(), session);
        session = fork;
    }

    /** {@return the conversations it was forked from, which can be gone on with} */
    List<SessionInfo> leftBehind() {
        return leftBehind.values().stream().map(Session::info).toList();
    }

    /** Goes on with one that was left behind, and leaves this one behind; an empty one is closed. */
    void goBackTo(String id) {
        Session other = require(leftBehind.remove(id), id);
        if (session.info().messages() == 0) {
            session.close();
        } else {
            leftBehind.put(session.id(), session);
        }
        session = other;
    }

    /** Closes one that was left behind. */
    void forget(String id) {
        require(leftBehind.remove(id), id).close();
    }

    private static Session require(@Nullable Session found, String id) {
        if (found == null) {
            throw new CommandException("no conversation " + id + " was left behind");
        }
        return found;
    }

    /** Saves it as a snapshot. */
    SnapshotInfo save(String snapshotId, SnapshotLabel label) {
        return session.save(snapshotId, label);
    }

    /** Puts a snapshot in the place of what it holds. */
    void load(String snapshotId) {
        session.load(snapshotId);
        // the snapshot has the limit of the engine that saved it
        session.resize(engine.model().maxContextTokens());
    }

    /** Stops the answer that is being given, or what else takes its time. */
    void stop() {
        synchronized (stopLock) {
            if (stopper != null) {
                stopper.run();
            }
        }
    }

    @Override
    public void close() {
        session.close();
        leftBehind.values().forEach(Session::close);
        leftBehind.clear();
    }

    private void answer(ChatRequest request, AnswerView view) {
        try (ChatStream stream = session.stream(request, TurnOptions.DEFAULT)) {
            stopWith(stream::cancel);
            while (true) {
                ChatEvent event = stream.next();
                if (event instanceof ChatEvent.Failed failed) {
                    throw failed.error();
                }
                view.show(event);
                if (event instanceof ChatEvent.Completed completed) {
                    last = completed.response();
                    generatedTokens += completed.response().usage().completionTokens();
                    return;
                }
            }
        } finally {
            stopWith(null);
        }
    }

    /** Runs a turn that has no stream which could be cancelled. */
    private void interruptible(Runnable turn) {
        long before = session.info().sequence();
        stopWith(Thread.currentThread()::interrupt);
        try {
            turn.run();
        } catch (StreamInterruptedException e) {
            if (session.info().sequence() == before) {
                throw new CommandException("stopped; the conversation is as it was", e);
            }
        } finally {
            stopWith(null);
            Thread.interrupted(); // the next thing that waits shall wait
        }
    }

    private void stopWith(@Nullable Runnable how) {
        synchronized (stopLock) {
            stopper = how;
        }
    }

    /** {@return a message to be sent, behind the opening if nothing has been said} */
    private List<ChatMessage> opened(ChatMessage message) {
        List<ChatMessage> all = new ArrayList<>(messages().isEmpty() ? options.opening() : List.of());
        all.add(message);
        return all;
    }
}
