package dev.longspan.http.session;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.ChatEngine;
import dev.longspan.ChatEvent;
import dev.longspan.ChatRequest;
import dev.longspan.ChatStream;
import dev.longspan.SequenceConflictException;
import dev.longspan.Session;
import dev.longspan.SessionInfo;
import dev.longspan.SessionOptions;
import dev.longspan.SnapshotInfo;
import dev.longspan.SnapshotLabel;
import dev.longspan.TurnOptions;
import dev.longspan.http.chat.ChatAnswers;
import dev.longspan.http.chat.ContentLog;
import dev.longspan.http.chat.Digests;
import dev.longspan.http.chat.MessageReader;
import dev.longspan.http.chat.Running;
import dev.longspan.http.chat.TurnLedger;
import dev.longspan.http.server.EventStream;
import dev.longspan.http.server.EventStream.GoneException;
import dev.longspan.http.server.Exchange;
import dev.longspan.http.server.Ids;
import dev.longspan.http.server.Route;
import dev.longspan.http.server.Route.Kind;
import dev.longspan.http.server.Surroundings;
import dev.longspan.http.server.Work;
import dev.longspan.http.wire.ApiError;
import dev.longspan.http.wire.Fields;
import dev.longspan.http.wire.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** {@code /v1/sessions}. */
public final class SessionEndpoints {
    private static final String SEQUENCE = "X-Session-Seq";
    private static final int DEFAULT_TOKENS = 131_072;
    private static final Set<String> STRATEGIES = Set.of("auto", "gpu", "disk");

    private final Surroundings surroundings;
    private final TurnLedger turns;
    private final Closings closings;
    private final ContentLog content;

    /**
     * Makes the endpoints.
     *
     * @param turns knows the last turn of each session
     * @param closings knows the sessions that are being closed
     */
    SessionEndpoints(Surroundings surroundings, TurnLedger turns, Closings closings) {
        this.surroundings = surroundings;
        this.turns = turns;
        this.closings = closings;
        this.content = new ContentLog(surroundings.settings());
    }

    /** {@return the routes of sessions and snapshots} */
    public static List<Route> routes(Surroundings surroundings, TurnLedger turns) {
        Closings closings = new Closings();
        List<Route> routes = new ArrayList<>(new SessionEndpoints(surroundings, turns, closings).routes());
        routes.addAll(new SnapshotEndpoints(surroundings, turns, closings).routes());
        return routes;
    }

    private List<Route> routes() {
        return List.of(
                Route.of(Kind.QUICK, "POST /v1/sessions", this::open),
                Route.of(Kind.QUICK, "GET /v1/sessions?detail", this::list),
                Route.of(Kind.QUICK, "GET /v1/sessions/*", this::look),
                Route.of(Kind.UNPLACED, "DELETE /v1/sessions/*", this::close),
                Route.of(Kind.QUICK, "GET /v1/sessions/*/history", this::history),
                Route.working("POST /v1/sessions/*/rollback", this::rollback),
                Route.of(Kind.QUICK, "POST /v1/sessions/*/resize", exchange -> resize(exchange, false)),
                Route.of(Kind.QUICK, "POST /v1/sessions/*/resize/next_pow2", exchange -> resize(exchange, true)),
                Route.working("POST /v1/sessions/*/append", this::append),
                Route.working("POST /v1/sessions/*/fork", (exchange, place) -> fork(exchange)),
                Route.working("POST /v1/sessions/*/save", (exchange, place) -> save(exchange)));
    }

    private ChatEngine engine() {
        return surroundings.slot().engine();
    }

    private Session session(Exchange exchange) {
        return engine().session(exchange.parameter(0));
    }

    /** {@return a session as clients see it} */
    static ObjectNode node(SessionInfo info) {
        return Json.object()
                .put("session_id", info.id())
                .put("cache_id", info.id())
                .put("current_pos", info.tokens())
                .put("cache_position", info.tokens())
                .put("max_seq_len", info.maxTokens())
                .put("message_count", info.messages())
                .put("has_prefill", info.tokens() > 0)
                .put("sequence", info.sequence())
                .put("bytes", info.bytes())
                .put("exclusive_bytes", info.exclusiveBytes())
                .put("checkpoints", info.checkpoints())
                .put("created", info.created().toEpochMilli() / 1000.0)
                .put("last_used", info.lastUsed().toEpochMilli() / 1000.0)
                .put("busy", info.busy())
                .put("parked", info.parked());
    }

    private void open(Exchange exchange) {
        surroundings.work().requireOpen();
        ChatEngine engine = engine();
        Fields body = exchange.fields();
        Optional<String> id = body.string("session_id");
        OptionalInt tokens = body.integer("max_seq_len", 2, Integer.MAX_VALUE);
        exchange.end(body);
        int most = engine.model().maxContextTokens();
        if (tokens.isPresent() && tokens.getAsInt() > most) {
            throw body.outOfRange("max_seq_len", "at most " + most, tokens.getAsInt());
        }
        SessionOptions options = id.map(SessionOptions.DEFAULT::withId).orElse(SessionOptions.DEFAULT);
        Session session = turns.begin(
                () -> engine.openSession(options.withMaxTokens(tokens.orElse(Math.min(DEFAULT_TOKENS, most)))));
        exchange.send(200, status("created").put("session_id", session.id()));
    }

    private static ObjectNode status(String word) {
        return Json.object().put("status", word);
    }

    private void list(Exchange exchange) {
        boolean detail = switch (exchange.query("detail").orElse("false")) {
            case "true", "1" -> true;
            case "false", "0" -> false;
            default -> throw ApiError.invalid("invalid_value", "detail", "expected true or false");
        };
        ObjectNode answer = Json.object();
        ArrayNode sessions = answer.putArray("sessions");
        List<SessionInfo> all = engine().sessions();
        if (detail) {
            all.forEach(info -> sessions.add(node(info)));
        } else {
            all.stream().map(SessionInfo::id).sorted().forEach(sessions::add);
        }
        exchange.send(200, answer);
    }

    private void look(Exchange exchange) {
        exchange.send(200, node(session(exchange).info()));
    }

    private void close(Exchange exchange) {
        Session session = session(exchange);
        exchange.outlasting("while the session is being closed", () -> {
            closings.close(session.id(), () -> turns.end(session.id(), session::close));
            return session;
        });
        exchange.send(200, status("closed").put("session_id", session.id()));
    }

    private void history(Exchange exchange) {
        Session session = session(exchange);
        ObjectNode answer = Json.object().put("session_id", session.id());
        answer.set("messages", ChatAnswers.messages(session.history()));
        exchange.send(200, answer);
    }

    private void rollback(Exchange exchange, Work.@Nullable Place place) {
        Session session = session(exchange);
        Fields body = exchange.fields();
        OptionalInt keep = body.integer("keep_messages", 0, Integer.MAX_VALUE);
        if (keep.isEmpty()) {
            throw body.missing("keep_messages", "an integer of at least 0");
        }
        OptionalLong expected = body.integer("expected_seq", 0, Long.MAX_VALUE);
        exchange.end(body);
        try (TurnLedger.Claim claim = turns.claim(session.id())) {
            exchange.beforeEnd(claim::close);
            SessionInfo before = session.info();
            long sequence = expected.orElse(before.sequence());
            if (sequence != before.sequence()) {
                // before the count: who counts what is not there any more is to learn that
                throw new SequenceConflictException(session.id(), sequence, before.sequence());
            }
            int count = before.messages();
            if (keep.getAsInt() > count) {
                throw body.outOfRange("keep_messages", "0 to " + count + ", the messages there are", keep.getAsInt());
            }
            TurnOptions options =
                    TurnOptions.DEFAULT.withExpectedSequence(sequence).withCancelled(TurnOptions.Cancelled.DISCARD);
            Optional<ChatStream> reading = session.beginRollback(keep.getAsInt(), options);
            if (reading.isPresent()) {
                try (Running running =
                        new Running(reading.get(), surroundings, exchange, Objects.requireNonNull(place))) {
                    running.whole(running.readWatching(exchange, event -> {}));
                }
            }
            turns.forget(session.id());
            exchange.setHeader(SEQUENCE, Long.toString(session.info().sequence()));
            answerWith(exchange, "ok", session);
        }
    }

    private static void answerWith(Exchange exchange, String word, Session session) {
        ObjectNode answer = status(word).put("session_id", session.id());
        answer.set("session", node(session.info()));
        exchange.send(200, answer);
    }

    private void resize(Exchange exchange, boolean nextPower) {
        Session session = session(exchange);
        Fields body = exchange.fields();
        OptionalInt asked = nextPower ? OptionalInt.empty() : body.integer("max_seq_len", 1, Integer.MAX_VALUE);
        String strategy = body.string("strategy").orElse("auto").strip().toLowerCase(Locale.ROOT);
        if (!STRATEGIES.contains(strategy)) {
            throw body.outOfRange("strategy", "auto, gpu or disk", "'" + strategy + "'");
        }
        if (!nextPower && asked.isEmpty()) {
            throw body.missing("max_seq_len", "an integer of at least 1");
        }
        exchange.end(body);
        SessionInfo before = session.info();
        long tokens = nextPower ? Long.highestOneBit(before.maxTokens()) * 2 : asked.getAsInt();
        int most = engine().model().maxContextTokens();
        if (tokens < before.tokens() || tokens < 2 || tokens > most) {
            String least = before.tokens() <= 2 ? "2" : before.tokens() + ", which the session holds,";
            throw body.outOfRange("max_seq_len", least + " to " + most + ", the server's limit", tokens);
        }
        boolean same = tokens == before.maxTokens();
        if (!same) {
            session.resize((int) tokens);
        }
        ObjectNode answer = status(same ? "noop" : "resized").put("session_id", session.id());
        if (nextPower) {
            answer.put("mode", "next_pow2");
        }
        answer.put("old_max_seq_len", before.maxTokens());
        answer.put("max_seq_len", tokens);
        answer.put("current_pos", before.tokens());
        answer.set("session", node(session.info()));
        exchange.send(200, answer);
    }

    private void append(Exchange exchange, Work.@Nullable Place place) {
        Session session = session(exchange);
        Fields body = exchange.fields();
        ChatRequest request = ChatRequest.again()
                .messages(MessageReader.read(
                        body, surroundings.settings().limits().messages()))
                .build();
        if (request.messages().isEmpty()) {
            throw body.outOfRange("messages", "at least one message", "none");
        }
        OptionalLong expected = body.integer("expected_seq", 0, Long.MAX_VALUE);
        exchange.end(body);
        content.prompt(exchange, request.messages());
        try (TurnLedger.Claim claim = turns.claim(session.id())) {
            exchange.beforeEnd(claim::close);
            Optional<String> key = exchange.header("Idempotency-Key").filter(given -> !given.isEmpty());
            byte[] digest = key.isPresent() ? Digests.of("append", exchange.fields()) : new byte[0];
            long now = session.info().sequence();
            if (key.isPresent() && claim.repeated(key.get(), digest, now).isPresent()) {
                exchange.setHeader(SEQUENCE, Long.toString(now));
                exchange.setHeader("X-Replayed", "true");
                appended(exchange, session);
                return;
            }
            long before = expected.orElse(now);
            TurnOptions options =
                    TurnOptions.DEFAULT.withExpectedSequence(before).withCancelled(TurnOptions.Cancelled.DISCARD);
            Runnable store = () ->
                    key.ifPresent(name -> claim.store(new TurnLedger.Done(name, digest, before + 1, Optional.empty())));
            Optional<ChatStream> reading = session.beginAppend(request, options);
            if (reading.isEmpty()) {
                store.run();
                exchange.setHeader(SEQUENCE, Long.toString(before + 1));
                appended(exchange, session);
                return;
            }
            try (Running running = new Running(reading.get(), surroundings, exchange, Objects.requireNonNull(place))) {
                read(exchange, session, running, before + 1, store);
            }
        }
    }

    private static boolean isStreamed(Exchange exchange) {
        return exchange.accepts("text/event-stream");
    }

    /** Answers that messages are read. */
    private static void appended(Exchange exchange, Session session) {
        if (!isStreamed(exchange)) {
            answerWith(exchange, "ok", session);
            return;
        }
        EventStream events = exchange.events(SessionEndpoints::failure);
        try {
            end(events, session);
        } catch (GoneException e) {
            return; // nobody is there to be told
        } finally {
            events.end();
        }
    }

    private static void end(EventStream events, Session session) {
        ObjectNode last = status("ok").put("session_id", session.id());
        last.set("session", node(session.info()));
        events.letGo();
        events.send(Json.write(last));
        events.sendLast("[DONE]");
    }

    private static void read(Exchange exchange, Session session, Running running, long after, Runnable store) {
        if (isStreamed(exchange)) {
            exchange.setHeader(SEQUENCE, Long.toString(after));
            stream(exchange, session, running, store);
            return;
        }
        running.whole(running.readWatching(exchange, event -> {}));
        store.run();
        exchange.setHeader(SEQUENCE, Long.toString(after));
        answerWith(exchange, "ok", session);
    }

    private static void stream(Exchange exchange, Session session, Running running, Runnable store) {
        EventStream events = running.events(exchange, SessionEndpoints::failure);
        long began = System.nanoTime();
        try {
            running.whole(running.read(event -> {
                if (event instanceof ChatEvent.PromptProgress progress) {
                    tell(events, running, progressChunk(session, progress, began));
                }
            }));
            store.run();
            end(events, session);
        } catch (GoneException e) {
            return; // the turn is committed, and nobody is there to be told
        } catch (RuntimeException | OutOfMemoryError | StackOverflowError e) {
            events.fail(exchange.told(e));
        } finally {
            events.end();
        }
    }

    private static ObjectNode progressChunk(Session session, ChatEvent.PromptProgress progress, long began) {
        ObjectNode chunk = Json.object().put("session_id", session.id());
        chunk.putObject("prompt_progress")
                .put("total", progress.totalTokens())
                .put("cache", progress.reusedTokens())
                .put("processed", progress.doneTokens())
                .put("time_ms", (System.nanoTime() - began) / 1_000_000);
        return chunk;
    }

    /** A client that has gone ends the turn, whose end is then read all the same. */
    private static void tell(EventStream events, Running running, ObjectNode chunk) {
        try {
            events.send(Json.write(chunk));
        } catch (GoneException e) {
            running.leave();
        }
    }

    private static String failure(ApiError error) {
        ObjectNode chunk = Json.object();
        chunk.set("error", error.error());
        return Json.write(chunk);
    }

    /** A parked session has to come back first, and waits for memory until an answer gives some back. */
    private void fork(Exchange exchange) {
        Session session = session(exchange);
        Fields body = exchange.fields();
        Optional<String> id = body.string("session_id");
        exchange.end(body);
        Session twin = exchange.outlasting(
                "and the session may be forked or not",
                () -> turns.begin(() -> id.isPresent() ? session.fork(id.get()) : session.fork()),
                made -> id.ifPresentOrElse(known -> {}, made::close)); // else nobody would know of it
        exchange.send(200, status("forked").put("session_id", twin.id()));
    }

    private void save(Exchange exchange) {
        Session session = session(exchange);
        Fields body = exchange.fields();
        SnapshotLabel label = new SnapshotLabel(
                body.string("title").orElse(null),
                body.string("description").orElse(null),
                body.strings("tags").orElse(List.of()));
        exchange.end(body);
        String id = Ids.hex(32);
        SnapshotInfo saved = exchange.outlasting(
                "and whether snapshot '" + id + "' is saved is not known yet", () -> session.save(id, label));
        exchange.send(200, status("saved").put("snapshot_id", saved.id()));
    }
}
