package dev.longspan.session;

import dev.longspan.ChatMessage;
import dev.longspan.ChatRequest;
import dev.longspan.ChatStream;
import dev.longspan.ContextLengthException;
import dev.longspan.FinishReason;
import dev.longspan.InvalidRequestException;
import dev.longspan.SessionClosedException;
import dev.longspan.TurnOptions;
import dev.longspan.engine.GenerationSpec;
import dev.longspan.engine.Reservation;
import dev.longspan.prompt.RenderSettings;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Begins the turns of a session: each is checked whole against the session and the model before anything is computed. Any thread. */
public final class SessionTurns {
    private static final TurnOptions PATIENT = TurnOptions.DEFAULT.withPatience(Duration.ofDays(1));

    private final LiveSession session;
    private final SessionContext context;

    SessionTurns(LiveSession session, SessionContext context) {
        this.session = session;
        this.context = context;
    }

    /** Answers: begins a turn, whose stream the caller reads. */
    public ChatStream answer(ChatRequest request, TurnOptions options) {
        Committed now = session.begin(options);
        try {
            context.scheduler().requirePlace();
            if (request.prompt().isPresent()) {
                throw new InvalidRequestException("prompt", "expected messages in a session, found a prompt");
            }
            List<ChatMessage> messages = Joined.history(now, request.messages());
            requireQuestion(messages);
            GenerationSpec spec = context.planner().plan(request, messages, session.maxTokens(), session.created());
            RenderSettings settings = RenderSettings.of(request);
            return session.submit(
                    spec, new Turn(session, now, messages, settings, options, spec.prompt(), Turn.Kind.ANSWERS));
        } catch (RuntimeException | Error e) {
            session.end(null);
            throw e;
        }
    }

    /** {@return how many tokens the prompt of a turn would have} */
    public int countTokens(ChatRequest request) {
        List<ChatMessage> messages = Joined.history(session.committed(), request.messages());
        return context.renderer()
                .prompt(messages, RenderSettings.of(request), session.created())
                .ids()
                .length;
    }

    private static void requireQuestion(List<ChatMessage> messages) {
        ChatMessage last = messages.isEmpty() ? null : messages.get(messages.size() - 1);
        if (!(last instanceof ChatMessage.UserMessage) && !(last instanceof ChatMessage.ToolMessage)) {
            throw new InvalidRequestException(
                    "messages", "expected the last message to be a user's or a tool's, found " + words(last));
        }
    }

    private static String words(@Nullable ChatMessage message) {
        if (message == null) {
            return "none";
        }
        return message instanceof ChatMessage.SystemMessage ? "a system message" : "an assistant's";
    }

    /** Reads messages without answering. */
    public void append(List<ChatMessage> messages, @Nullable RenderSettings settings, TurnOptions options) {
        prefill(options, Turn.Kind.READS, appending(messages, settings));
    }

    private static Function<Committed, Reading> appending(
            List<ChatMessage> messages, @Nullable RenderSettings settings) {
        return now -> {
            if (messages.isEmpty()) {
                throw new InvalidRequestException("messages", "expected at least one, found none");
            }
            return new Reading(Joined.history(now, messages), settings == null ? now.settings() : settings);
        };
    }

    /** Begins to read the messages of a request without answering; empty if there was nothing to compute. */
    public Optional<ChatStream> beginAppend(ChatRequest request, TurnOptions options) {
        Function<Committed, Reading> wanted = appending(request.messages(), RenderSettings.of(request));
        return Optional.ofNullable(begun(options, Turn.Kind.READS, wanted));
    }

    /** Reads the messages of a request without answering. */
    public void append(ChatRequest request, TurnOptions options) {
        append(request.messages(), RenderSettings.of(request), options);
    }

    /** Goes back to the first messages. */
    public void rollback(int keepMessages, TurnOptions options) {
        prefill(options, Turn.Kind.READS, goingBack(keepMessages));
    }

    /** Begins to go back to the first messages; empty if there was nothing to compute. */
    public Optional<ChatStream> beginRollback(int keepMessages, TurnOptions options) {
        return Optional.ofNullable(begun(options, Turn.Kind.READS, goingBack(keepMessages)));
    }

    private static Function<Committed, Reading> goingBack(int keepMessages) {
        return now -> {
            int count = now.messages().size();
            if (keepMessages < 0 || keepMessages > count) {
                throw new InvalidRequestException(
                        "keepMessages", "expected 0 to " + count + ", the messages there are, found " + keepMessages);
            }
            return new Reading(now.messages().subList(0, keepMessages), now.settingsOf(keepMessages));
        };
    }

    /** Computes a state that is not there again; the history does not change. */
    void restore() {
        prefill(PATIENT, Turn.Kind.RESTORES, now -> new Reading(now.messages(), now.settings()));
    }

    /** What a turn without an answer makes of the history. */
    private record Reading(List<ChatMessage> messages, RenderSettings settings) {}

    private void prefill(TurnOptions options, Turn.Kind kind, Function<Committed, Reading> wanted) {
        ChatStream stream = begun(options, kind, wanted);
        if (stream == null) {
            return;
        }
        // from here on the turn itself makes the session free, whatever becomes of it
        try (stream) {
            if (stream.await().finishReason() == FinishReason.CANCELLED) {
                throw new SessionClosedException(session.id()); // nobody else has this stream
            }
        }
    }

    /** Begins to read; null if there is nothing to read and the turn is done. */
    private @Nullable ChatStream begun(TurnOptions options, Turn.Kind kind, Function<Committed, Reading> wanted) {
        Committed now = session.begin(options);
        try {
            Reading reading = wanted.apply(now);
            int[] ids = kind == Turn.Kind.RESTORES
                    ? now.ids() // the tokens are the truth, whatever the messages would be now
                    : context.renderer().history(reading.messages(), reading.settings(), session.created());
            int limit = session.maxTokens();
            if (ids.length > limit + SessionContext.CLOSING_TOKENS && ids.length > now.ids().length) {
                throw new ContextLengthException(ids.length, limit);
            }
            Turn turn = new Turn(session, now, reading.messages(), reading.settings(), options, ids, kind);
            if (ids.length > 0) {
                return session.submit(GenerationSpec.reading(ids), turn);
            }
            session.beginning(turn);
            Reservation moment = context.scheduler().reservations().hold();
            try {
                session.state().awaitClaim();
                turn.committed(null, 0);
            } finally {
                moment.close();
                session.notBegun(turn);
            }
            return null;
        } catch (RuntimeException | Error e) {
            session.end(null);
            throw e;
        }
    }
}
