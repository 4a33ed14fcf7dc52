package dev.longspan.http.session;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.ChatEngine;
import dev.longspan.ContextLengthException;
import dev.longspan.Session;
import dev.longspan.SessionClosedException;
import dev.longspan.SessionExistsException;
import dev.longspan.SessionInfo;
import dev.longspan.SessionNotFoundException;
import dev.longspan.SessionOptions;
import dev.longspan.SnapshotInfo;
import dev.longspan.SnapshotPatch;
import dev.longspan.SnapshotStore;
import dev.longspan.http.chat.TurnLedger;
import dev.longspan.http.server.Exchange;
import dev.longspan.http.server.Route;
import dev.longspan.http.server.Route.Kind;
import dev.longspan.http.server.Surroundings;
import dev.longspan.http.wire.ApiError;
import dev.longspan.http.wire.Fields;
import dev.longspan.http.wire.Json;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** {@code /v1/snapshots}. */
final class SnapshotEndpoints {
    private static final int SCHEMA = 1;
    /** So often is looked whether there is a session of the id. */
    private static final int ROUNDS = 16;

    private final Surroundings surroundings;
    private final TurnLedger turns;
    private final Closings closings;

    /**
     * Makes the endpoints.
     *
     * @param turns knows the last turn of each session
     * @param closings knows the sessions that are being closed
     */
    SnapshotEndpoints(Surroundings surroundings, TurnLedger turns, Closings closings) {
        this.surroundings = surroundings;
        this.turns = turns;
        this.closings = closings;
    }

    /** {@return the routes} */
    List<Route> routes() {
        return List.of(
                Route.of(Kind.UNPLACED, "GET /v1/snapshots", this::list),
                Route.of(Kind.UNPLACED, "GET /v1/snapshots/*", this::look),
                Route.of(Kind.UNPLACED, "PATCH /v1/snapshots/*", this::change),
                Route.of(Kind.UNPLACED, "DELETE /v1/snapshots/*", this::delete),
                Route.working("POST /v1/snapshots/*/load", (exchange, place) -> load(exchange)));
    }

    private ChatEngine engine() {
        return surroundings.slot().engine();
    }

    private static String id(Exchange exchange) {
        String id = exchange.parameter(0);
        if (!SnapshotInfo.isId(id)) {
            throw ApiError.invalid(
                    "invalid_value",
                    "snapshot_id",
                    "expected a snapshot's id, found '" + ApiError.shortened(id, 200) + "'");
        }
        return id;
    }

    private static ObjectNode node(SnapshotInfo info) {
        ObjectNode node = Json.object()
                .put("schema_version", SCHEMA)
                .put("snapshot_id", info.id())
                .put("created_at", info.created().toEpochMilli() / 1000.0)
                .put("model", info.model())
                .put("bytes", info.bytes());
        ObjectNode fingerprint = node.putObject("compat").putObject("fingerprint");
        info.fingerprint().forEach(fingerprint::put);
        node.putObject("session").put("max_seq_len", info.maxTokens()).put("current_pos", info.tokens());
        ObjectNode metadata = node.putObject("metadata")
                .put("title", info.label().title())
                .put("description", info.label().description());
        ArrayNode tags = metadata.putArray("tags");
        info.label().tags().forEach(tags::add);
        ObjectNode files = node.putObject("files");
        info.files()
                .forEach((name, file) ->
                        files.putObject(name).put("bytes", file.size()).put("sha256", file.sha256()));
        node.put("problem", info.problem().orElse(null));
        return node;
    }

    private void list(Exchange exchange) {
        ObjectNode answer = Json.object();
        ArrayNode all = answer.putArray("snapshots");
        SnapshotStore store = engine().snapshots();
        exchange.watching(() -> {}, store::list).forEach(info -> all.add(node(info)));
        exchange.send(200, answer);
    }

    private void look(Exchange exchange) {
        String id = id(exchange);
        SnapshotStore store = engine().snapshots();
        exchange.send(200, node(exchange.watching(() -> {}, () -> store.info(id))));
    }

    private void change(Exchange exchange) {
        Fields body = exchange.fields();
        SnapshotPatch patch = SnapshotPatch.keepAll();
        List<String> names = body.names();
        Optional<String> title = body.string("title");
        Optional<String> description = body.string("description");
        Optional<List<String>> tags = body.strings("tags");
        exchange.end(body);
        // what is there and null is cleared
        patch = names.contains("title") ? patch.title(title.orElse(null)) : patch;
        patch = names.contains("description") ? patch.description(description.orElse(null)) : patch;
        SnapshotPatch whole = names.contains("tags") ? patch.tags(tags.orElse(null)) : patch;
        String id = id(exchange);
        SnapshotStore store = engine().snapshots();
        SnapshotInfo changed =
                exchange.outlasting("and the snapshot may be changed or not", () -> store.update(id, whole));
        exchange.send(200, node(changed));
    }

    private void delete(Exchange exchange) {
        String id = id(exchange);
        SnapshotStore store = engine().snapshots();
        exchange.outlasting("and the snapshot may be deleted or not", () -> {
            store.delete(id);
            return id;
        });
        exchange.send(200, Json.object().put("status", "deleted").put("snapshot_id", id));
    }

    private void load(Exchange exchange) {
        ChatEngine engine = engine();
        String snapshot = id(exchange);
        Fields body = exchange.fields();
        Optional<String> id = body.string("session_id").filter(given -> !given.isEmpty());
        boolean force = body.bool("force").orElse(false);
        exchange.end(body);
        Session session = exchange.outlasting(
                "and the snapshot may be loaded or not",
                () -> loaded(engine, snapshot, id, force),
                made -> id.ifPresentOrElse(known -> {}, made::close)); // else nobody would know of it
        ObjectNode answer = Json.object()
                .put("status", "loaded")
                .put("snapshot_id", snapshot)
                .put("session_id", session.id());
        SessionInfo info = session.info();
        answer.putObject("session")
                .put("current_pos", info.tokens())
                .put("max_seq_len", info.maxTokens())
                .put("message_count", info.messages());
        exchange.send(200, answer);
    }

    /** The session with the snapshot; with force, others may open and close one of its id meanwhile. */
    private Session loaded(ChatEngine engine, String snapshot, Optional<String> id, boolean force) {
        for (int round = 1; ; round++) {
            try {
                return loadedOnce(engine, snapshot, id, force);
            } catch (SessionExistsException e) {
                if (!force || round == ROUNDS) {
                    throw e;
                }
            }
        }
    }

    private Session loadedOnce(ChatEngine engine, String snapshot, Optional<String> id, boolean force) {
        try {
            Session session = id.isPresent() && force ? replaced(engine, id.get(), snapshot) : null;
            if (session == null) {
                SessionOptions options = id.map(SessionOptions.DEFAULT::withId).orElse(SessionOptions.DEFAULT);
                session = turns.begin(() -> engine.loadSession(snapshot, options));
            }
            return session;
        } catch (ContextLengthException e) {
            throw ApiError.invalid(
                    "context_length_exceeded",
                    "snapshot_id",
                    "expected a snapshot of at most " + e.maxContextTokens()
                            + " tokens, which is the server's limit, found " + e.promptTokens());
        }
    }

    /** The session, with the snapshot in the place of what it held; null if there is none. */
    private @Nullable Session replaced(ChatEngine engine, String id, String snapshot) {
        Session session;
        try {
            session = engine.session(id);
        } catch (SessionNotFoundException e) {
            return null;
        }
        try {
            turns.during(id, () -> {
                session.load(snapshot);
                turns.forget(id);
            });
            return session;
        } catch (SessionClosedException e) {
            closings.await(id);
            session.close(); // if others of this program are still at it, its id is free now
            return null;
        }
    }
}
