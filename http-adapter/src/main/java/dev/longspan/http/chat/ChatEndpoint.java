package dev.longspan.http.chat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.ChatEngine;
import dev.longspan.ChatEvent;
import dev.longspan.ChatResponse;
import dev.longspan.ChatStream;
import dev.longspan.FinishReason;
import dev.longspan.Session;
import dev.longspan.TurnOptions;
import dev.longspan.http.server.EventStream;
import dev.longspan.http.server.Exchange;
import dev.longspan.http.server.Ids;
import dev.longspan.http.server.Route;
import dev.longspan.http.server.Surroundings;
import dev.longspan.http.server.Work;
import dev.longspan.http.wire.ApiError;
import dev.longspan.http.wire.Json;
import dev.longspan.spi.LongspanException;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** {@code POST /v1/chat/completions}: answers, with or without a session, whole or as a stream. */
public final class ChatEndpoint implements Route.Endpoint {
    private static final Logger LOG = LoggerFactory.getLogger(ChatEndpoint.class);
    private static final String SEQUENCE = "X-Session-Seq";

    private final Surroundings surroundings;
    private final TurnLedger turns;
    private final ChatCallReader reader;
    private final ContentLog content;

    /**
     * Makes the endpoint.
     *
     * @param turns knows the last turn of each session
     */
    public ChatEndpoint(Surroundings surroundings, TurnLedger turns) {
        this.surroundings = surroundings;
        this.turns = turns;
        this.reader = new ChatCallReader(surroundings.settings(), surroundings.slot());
        this.content = new ContentLog(surroundings.settings());
    }

    @Override
    public void answer(Exchange exchange, Work.@Nullable Place place) throws Exception {
        ChatEngine engine = surroundings.slot().engine();
        ChatCall call = reader.read(exchange);
        Work.Place mine = Objects.requireNonNull(place);
        content.prompt(exchange, call.request().messages());
        if (call.session().isEmpty()) {
            try (Running running = new Running(engine.stream(call.request()), surroundings, exchange, mine)) {
                answer(exchange, call, running, new Sequence(OptionalLong.empty(), response -> {}));
            }
            return;
        }
        Session session = engine.session(call.session().get());
        try (TurnLedger.Claim claim = turns.claim(session.id())) {
            exchange.beforeEnd(claim::close);
            turn(exchange, call, session, claim, mine);
        }
    }

    /** What becomes of a turn's answer before the client has it. */
    private interface Store {
        void keep(ChatResponse response);
    }

    /**
     * A session's part in an answer.
     *
     * @param after the session's sequence behind the turn; empty without a session
     * @param store keeps the answer
     */
    private record Sequence(OptionalLong after, Store store) {}

    private void turn(Exchange exchange, ChatCall call, Session session, TurnLedger.Claim claim, Work.Place place)
            throws Exception {
        Optional<String> key = exchange.header("Idempotency-Key").filter(given -> !given.isEmpty());
        byte[] digest = key.isPresent() ? Digests.of("chat", exchange.fields()) : new byte[0];
        long now = session.info().sequence();
        if (key.isPresent()) {
            Optional<TurnLedger.Done> last = claim.repeated(key.get(), digest, now);
            if (last.isPresent() && last.get().response().isEmpty()) {
                throw new ApiError(
                                409,
                                ApiError.Type.CONFLICT,
                                "turn_cut",
                                null,
                                "the client has gone during this turn, and what was sent until then was kept")
                        .notToBeRepeated();
            } else if (last.isPresent()) {
                exchange.setHeader(SEQUENCE, Long.toString(now));
                exchange.setHeader("X-Replayed", "true");
                replay(exchange, call, last.get().response().get(), now);
                return;
            }
        }
        long before = call.expectedSequence().orElse(now);
        AtomicReference<Running.@Nullable Ending> ending = new AtomicReference<>();
        TurnOptions options = TurnOptions.DEFAULT
                .withExpectedSequence(before)
                .withCancelled(() -> rule(call.streamed(), ending.get()));
        ChatStream stream = session.stream(call.request(), options);
        Store store = response -> {
            boolean whole = response.finishReason() != FinishReason.CANCELLED;
            if (key.isPresent() && (whole || hasMoved(session, before))) {
                Optional<ChatResponse> answer = whole ? Optional.of(response) : Optional.empty();
                claim.store(new TurnLedger.Done(key.get(), digest, before + 1, answer));
            }
        };
        try (Running running = new Running(stream, surroundings, exchange, place, ending)) {
            answer(exchange, call, running, new Sequence(OptionalLong.of(before + 1), store));
        }
    }

    /**
     * Only for a client that has gone may what was sent be kept: what fails leaves a session as it was, and of an answer that is no stream
     * nothing was sent.
     */
    private TurnOptions.Cancelled rule(boolean streamed, Running.@Nullable Ending ending) {
        return streamed && ending == Running.Ending.GONE
                ? surroundings.settings().cancelled()
                : TurnOptions.Cancelled.DISCARD;
    }

    private static boolean hasMoved(Session session, long before) {
        try {
            return session.info().sequence() == before + 1;
        } catch (LongspanException e) {
            return false; // it is closed
        }
    }

    private ChatAnswers.Head head() {
        String model = surroundings.slot().modelId();
        ChatEngine engine = surroundings.slot().engine();
        int hash = Objects.hash(
                model, engine.backend().id(), engine.backend().device().id());
        return new ChatAnswers.Head(
                "chatcmpl-" + Ids.quickHex(32),
                Instant.now().getEpochSecond(),
                model,
                "fp_" + Integer.toHexString(hash),
                surroundings.settings().strictOpenAi());
    }

    private void answer(Exchange exchange, ChatCall call, Running running, Sequence sequence) {
        if (call.streamed()) {
            stream(exchange, call, running, sequence);
            return;
        }
        ChatEvent.Completed completed = running.readWatching(exchange, event -> {});
        sequence.store.keep(completed.response());
        ChatResponse response = running.whole(completed);
        content.answer(exchange, response.message());
        sequence.after.ifPresent(number -> exchange.setHeader(SEQUENCE, Long.toString(number)));
        exchange.send(200, head().whole(response));
    }

    private void stream(Exchange exchange, ChatCall call, Running running, Sequence sequence) {
        sequence.after.ifPresent(number -> exchange.setHeader(SEQUENCE, Long.toString(number)));
        ChatAnswers.Head head = head();
        EventStream events = running.events(exchange, head::failure);
        ChatChunks chunks = new ChatChunks(head, events, call.usage());
        try {
            chunks.begin();
            ChatEvent.Completed completed = running.read(event -> chunks.event(event, call.progress()));
            sequence.store.keep(completed.response());
            ChatResponse response = running.whole(completed);
            content.answer(exchange, response.message());
            chunks.end(response, sequence.after);
        } catch (EventStream.GoneException e) {
            running.leave();
            running.rest().ifPresent(sequence.store::keep);
        } catch (RuntimeException | OutOfMemoryError | StackOverflowError e) {
            events.fail(exchange.told(e));
        } finally {
            events.end();
        }
    }

    private void replay(Exchange exchange, ChatCall call, ChatResponse last, long sequence) {
        if (!call.streamed()) {
            exchange.send(200, head().whole(last));
            return;
        }
        ChatAnswers.Head head = head();
        EventStream events = exchange.events(head::failure);
        ChatChunks chunks = new ChatChunks(head, events, call.usage());
        try {
            chunks.begin();
            chunks.again(last);
            chunks.end(last, OptionalLong.of(sequence));
        } catch (EventStream.GoneException e) {
            LOG.debug("nobody is there to be told", e);
        } finally {
            events.end();
        }
    }

    /** {@return one member} */
    static ObjectNode of(String name, String value) {
        return Json.object().put(name, value);
    }
}
