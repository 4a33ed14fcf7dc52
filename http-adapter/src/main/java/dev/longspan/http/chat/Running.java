package dev.longspan.http.chat;

import dev.longspan.ChatEvent;
import dev.longspan.ChatResponse;
import dev.longspan.ChatStream;
import dev.longspan.FinishReason;
import dev.longspan.http.server.EventStream;
import dev.longspan.http.server.Exchange;
import dev.longspan.http.server.Surroundings;
import dev.longspan.http.server.Work;
import dev.longspan.http.wire.ApiError;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** An answer on its way, which may be ended from outside: by its client, by its deadline, or by the end of the server. */
public final class Running implements AutoCloseable {
    private final ChatStream stream;
    private final AtomicReference<@Nullable Ending> ending;
    private final @Nullable Future<?> deadline;

    /** Who ended an answer before its time. */
    public enum Ending {
        /** The client has gone. */
        GONE,
        /** It took too long. */
        DEADLINE,
        /** The server stops. */
        STOPPED
    }

    /** Begins to watch an answer. */
    public Running(ChatStream stream, Surroundings surroundings, Exchange exchange, Work.Place place) {
        this(stream, surroundings, exchange, place, new AtomicReference<>());
    }

    /**
     * Begins to watch an answer.
     *
     * @param ending is set to who ends it, before it is ended
     */
    Running(
            ChatStream stream,
            Surroundings surroundings,
            Exchange exchange,
            Work.Place place,
            AtomicReference<@Nullable Ending> ending) {
        this.stream = stream;
        this.ending = ending;
        Duration time = surroundings.settings().times().request();
        this.deadline = time.isZero()
                ? null
                : surroundings
                        .timer()
                        .schedule(
                                () -> end(Ending.DEADLINE),
                                time.toNanos() - exchange.nanosSinceBegin(),
                                TimeUnit.NANOSECONDS);
        place.whenStopped(() -> end(Ending.STOPPED));
    }

    /** Ends the answer within one step. Any thread. */
    public void end(Ending why) {
        if (ending.compareAndSet(null, why)) {
            stream.cancel();
        }
    }

    /** Ends the answer within one step, since nobody is there to have it. Any thread. */
    public void leave() {
        end(Ending.GONE);
    }

    /**
     * Begins a stream of events to the client; the answer is ended once the client has gone.
     *
     * @param form how they tell of a failure
     */
    public EventStream events(Exchange exchange, EventStream.FailureForm form) {
        EventStream events = exchange.events(form);
        events.whenGone(this::leave);
        return events;
    }

    /**
     * Reads the answer to its end.
     *
     * @param each is given every event but the last
     * @return the last; {@link #whole} says whether it was ended from outside
     */
    public ChatEvent.Completed read(Consumer<ChatEvent> each) {
        while (true) {
            ChatEvent event = stream.next();
            if (event instanceof ChatEvent.Completed completed) {
                return completed;
            } else if (event instanceof ChatEvent.Failed failed) {
                throw failed.error();
            }
            each.accept(event);
        }
    }

    /** Reads the answer to its end, which comes within one step once the client has gone. */
    public ChatEvent.Completed readWatching(Exchange exchange, Consumer<ChatEvent> each) {
        return exchange.watching(this::leave, () -> read(each));
    }

    /** {@return what came of an answer that nobody reads any more; empty if it failed, or was read already} */
    Optional<ChatResponse> rest() {
        while (stream.hasNext()) {
            if (stream.next() instanceof ChatEvent.Completed completed) {
                return Optional.of(completed.response());
            }
        }
        return Optional.empty();
    }

    /** Refuses an answer that was ended from outside. */
    public ChatResponse whole(ChatEvent.Completed completed) {
        ChatResponse response = completed.response();
        if (response.finishReason() != FinishReason.CANCELLED) {
            return response;
        }
        Ending why = ending.get();
        if (why == null) {
            throw new ApiError(409, ApiError.Type.CONFLICT, "session_closed", null, "the session was closed")
                    .notToBeRepeated();
        }
        throw switch (why) {
            case GONE -> new ApiError(499, ApiError.Type.INVALID_REQUEST, "client_gone", null, "the client has gone");
            case DEADLINE ->
                new ApiError(504, ApiError.Type.TIMEOUT, "request_timeout", null, "the answer took longer than it may")
                        .notToBeRepeated();
            case STOPPED -> ApiError.shuttingDown();
        };
    }

    @Override
    public void close() {
        if (deadline != null) {
            deadline.cancel(false);
        }
        stream.close();
    }
}
