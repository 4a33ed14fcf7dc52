package dev.longspan.http.status;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.ChatEngine;
import dev.longspan.http.server.Exchange;
import dev.longspan.http.server.ModelSlot;
import dev.longspan.http.server.Route;
import dev.longspan.http.server.Route.Kind;
import dev.longspan.http.server.Surroundings;
import dev.longspan.http.wire.ApiError;
import dev.longspan.http.wire.Fields;
import dev.longspan.http.wire.Json;
import dev.longspan.spi.Device;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;

/** Health, models, metrics, tokens. None of these waits for anything that is computed. */
public final class StatusEndpoints {
    private static final String OWNER = "longspan";
    private static final int LONG_TEXT = 1 << 18;
    private static final int MOST_LONG_TEXTS = 2;

    private final Surroundings surroundings;
    private final ModelSlot slot;
    private final Semaphore longTexts = new Semaphore(MOST_LONG_TEXTS);
    /** When the server was started: what models are said to be created at. */
    private final long started = Instant.now().getEpochSecond();

    /** Makes the endpoints. */
    public StatusEndpoints(Surroundings surroundings) {
        this.surroundings = surroundings;
        this.slot = surroundings.slot();
    }

    /** {@return the routes} */
    public List<Route> routes() {
        return List.of(
                Route.of(Kind.OPEN, "GET /livez", exchange -> exchange.send(200, status("alive"))),
                Route.of(Kind.STATUS, "GET /readyz", this::ready),
                Route.of(Kind.STATUS, "GET /ready", this::ready),
                Route.of(Kind.STATUS, "GET /health", this::health),
                Route.of(Kind.COUNTS, "GET /metrics", this::metrics),
                Route.of(Kind.QUICK, "GET /v1/models", this::models),
                Route.of(Kind.QUICK, "GET /v1/models/**", this::model),
                Route.of(Kind.QUICK, "GET /v1/pools", this::pools),
                Route.of(Kind.QUICK, "POST /v1/pools", this::pools),
                Route.of(Kind.QUICK, "GET /v1/pools/*", this::pools),
                Route.of(Kind.QUICK, "DELETE /v1/pools/*", this::pools),
                Route.of(Kind.UNPLACED, "POST /v1/tokenize", this::tokenize),
                Route.of(Kind.UNPLACED, "POST /v1/detokenize", this::detokenize));
    }

    private static ObjectNode status(String word) {
        return Json.object().put("status", word);
    }

    /** Why the server is not ready; empty if it is. */
    private Optional<String> obstacle() {
        if (surroundings.work().isDraining()) {
            return Optional.of("the server is shutting down");
        } else if (slot.failure().isPresent()) {
            return Optional.of("the model could not be loaded");
        }
        Optional<ChatEngine> engine = slot.loaded();
        if (engine.isEmpty()) {
            return Optional.of("the model is being loaded");
        }
        return engine.get().isOpen() ? Optional.empty() : Optional.of("the engine has ended");
    }

    private void ready(Exchange exchange) {
        Optional<String> obstacle = obstacle();
        if (obstacle.isEmpty()) {
            exchange.send(200, status("ready"));
            return;
        }
        ApiError error = new ApiError(503, ApiError.Type.OVERLOADED, "not_ready", null, obstacle.get());
        ObjectNode body = error.body();
        body.put("status", "not ready").put("reason", obstacle.get());
        exchange.setHeader("Retry-After", "2");
        exchange.send(503, body);
    }

    private void health(Exchange exchange) {
        boolean ready = obstacle().isEmpty();
        ObjectNode answer = status(ready ? "healthy" : "degraded").put("type", "gateway");
        ObjectNode worker = answer.putArray("workers").addObject();
        worker.put("name", "local");
        worker.put("gpu", slot.loaded().map(StatusEndpoints::gpu).orElse(""));
        ArrayNode loaded = worker.putArray("loaded_models");
        slot.loaded().ifPresent(engine -> loaded.add(slot.modelId()));
        worker.put("healthy", ready);
        answer.putArray("models").add(slot.modelId());
        answer.putObject("cluster")
                .put("worker_count", 1)
                .put("gpu_count", worker.get("gpu").asText().isEmpty() ? 0 : 1);
        obstacle().ifPresent(reason -> answer.put("reason", reason));
        exchange.send(200, answer);
    }

    private static String gpu(ChatEngine engine) {
        Device device = engine.backend().device();
        return device.kind() == Device.Kind.CPU ? "" : device.name();
    }

    private void metrics(Exchange exchange) {
        exchange.send(
                200,
                "text/plain; version=0.0.4; charset=utf-8",
                surroundings.metrics().text().getBytes(StandardCharsets.UTF_8));
    }

    private ObjectNode openAi() {
        return Json.object()
                .put("id", slot.modelId())
                .put("object", "model")
                .put("created", started)
                .put("owned_by", OWNER);
    }

    private ObjectNode described() {
        ObjectNode node = Json.object().put("name", slot.modelId());
        node.put("loaded", slot.loaded().isPresent());
        node.putArray("inputs").add("text");
        node.putArray("outputs").add("text");
        slot.loaded().ifPresent(engine -> {
            node.put("max_sequence_length", engine.model().maxContextTokens());
            node.put("vocabulary_size", engine.model().vocabularySize());
            node.put("parameters", engine.model().parameters());
            node.put("layers", engine.model().layers());
        });
        ArrayNode capabilities = node.putArray("capabilities");
        List.of("chat", "stream", "tools", "thinking", "sessions", "snapshots", "generate")
                .forEach(capabilities::add);
        return node;
    }

    private void models(Exchange exchange) {
        ObjectNode answer = Json.object().put("object", "list");
        answer.putArray("data").add(openAi());
        answer.putArray("models").add(described());
        exchange.send(200, answer);
    }

    private void model(Exchange exchange) {
        slot.require(exchange.parameter(0));
        ObjectNode both = openAi();
        both.setAll(described());
        exchange.send(200, both);
    }

    private void pools(Exchange exchange) {
        ObjectNode body =
                new ApiError(501, ApiError.Type.INVALID_REQUEST, "not_offered", null, "pools are not offered").body();
        body.putObject("detail").put("code", "not_offered").put("message", "pools are not offered");
        exchange.send(501, body);
    }

    private void tokenize(Exchange exchange) {
        ChatEngine engine = slot.engine();
        Fields body = exchange.fields();
        body.string("model").ifPresent(slot::require);
        String text = body.requiredString("text");
        exchange.end(body);
        int[] ids = tokenized(engine, text);
        // not an array of nodes, which would take several times as much
        exchange.send(200, Json.object().putPOJO("tokens", ids).put("count", ids.length));
    }

    /** A long text takes seconds and much memory: only so many are worked on at once. */
    private int[] tokenized(ChatEngine engine, String text) {
        if (text.length() < LONG_TEXT) {
            return engine.tokenize(text);
        }
        if (!longTexts.tryAcquire()) {
            throw new ApiError(
                            429,
                            ApiError.Type.RATE_LIMIT,
                            "too_many_requests",
                            null,
                            "there are " + MOST_LONG_TEXTS + " long texts at work, as many as there may be")
                    .retryAfter(Duration.ofSeconds(1));
        }
        try {
            return engine.tokenize(text);
        } finally {
            longTexts.release();
        }
    }

    private void detokenize(Exchange exchange) {
        ChatEngine engine = slot.engine();
        Fields body = exchange.fields();
        body.string("model").ifPresent(slot::require);
        ArrayNode tokens = body.array("tokens").orElseThrow(() -> body.missing("tokens", "an array of token ids"));
        exchange.end(body);
        List<Integer> ids = new ArrayList<>();
        for (JsonNode token : tokens) {
            String name = "tokens[" + ids.size() + "]";
            if (!token.isIntegralNumber()) {
                throw ApiError.invalid("invalid_type", name, "expected an integer");
            }
            int most = engine.model().vocabularySize();
            if (!token.canConvertToInt() || token.intValue() < 0 || token.intValue() >= most) {
                throw ApiError.invalid(
                        "invalid_value", name, "expected 0 to " + (most - 1) + ", found " + token.asText());
            }
            ids.add(token.intValue());
        }
        exchange.send(
                200,
                Json.object()
                        .put(
                                "text",
                                engine.detokenize(
                                        ids.stream().mapToInt(id -> id).toArray())));
    }
}
