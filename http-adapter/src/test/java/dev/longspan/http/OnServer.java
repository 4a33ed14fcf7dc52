package dev.longspan.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.longspan.ChatEngine;
import dev.longspan.ChatEngineBuilder;
import dev.longspan.EngineLoad;
import dev.longspan.FileSnapshotStore;
import dev.longspan.tck.AssertingBackend;
import dev.longspan.tck.DigestBackend;
import dev.longspan.tck.DigestModel;
import dev.longspan.tck.DigestOptions;
import dev.longspan.tck.TemplateKind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server over an engine on a digest backend, and a client of Java's own; all states must be closed at the end. */
@Timeout(120)
abstract class OnServer {
    static final ObjectMapper JSON = new ObjectMapper();
    static final Duration LIMIT = Duration.ofSeconds(20);
    static final String CHAT = "/v1/chat/completions";

    @TempDir
    Path folder;

    final DigestBackend backend = new DigestBackend(options());
    final AssertingBackend watched = new AssertingBackend(backend);
    final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(10))
            .build();
    ChatEngine engine;
    HttpAdapter server;

    DigestOptions options() {
        return DigestOptions.defaults().withBatch(16, 256);
    }

    TemplateKind template() {
        return TemplateKind.STABLE;
    }

    ChatEngineBuilder engineBuilder() {
        return ChatEngine.builder()
                .model(folder.resolve("digest"))
                .backend(watched)
                .maxContextTokens(4000)
                .prefixCacheBytes(0)
                .snapshots(snapshots());
    }

    FileSnapshotStore snapshots() {
        return FileSnapshotStore.open(folder.resolve("snapshots"));
    }

    HttpAdapterBuilder configure(HttpAdapterBuilder builder) {
        return builder;
    }

    @BeforeEach
    void start() throws IOException {
        DigestModel.writeTo(Files.createDirectories(folder.resolve("digest")), template());
        engine = engineBuilder().build();
        server = configure(HttpAdapter.builder().engine(engine).port(0)).start();
    }

    @AfterEach
    void stop() {
        backend.gate().release();
        server.stop(Duration.ofSeconds(10));
        awaitIdle();
        engine.close();
        assertThat(backend.openCheckpoints()).as("checkpoints left open").isEmpty();
        assertThat(backend.openStates()).as("states left open").isZero();
        assertThat(watched.violations()).isEmpty();
        backend.close();
    }

    /** An answer's end is told a moment before the engine is done with it. */
    void awaitIdle() {
        while (!engine.load().equals(new EngineLoad(0, 0, 0)) || backend.openStates() > 0) {
            Thread.onSpinWait();
        }
    }

    URI uri(String path) {
        return server.address().resolve(path);
    }

    /** An answer: its status, its headers, and its body as JSON where it is. */
    record Answer(int status, HttpResponse<String> response) {
        JsonNode json() {
            return parse(response.body());
        }

        String header(String name) {
            return response.headers().firstValue(name).orElse("");
        }

        String code() {
            return json().path("error").path("code").asText();
        }

        String param() {
            return json().path("error").path("param").asText();
        }
    }

    static JsonNode parse(String text) {
        try {
            return JSON.readTree(text);
        } catch (IOException e) {
            throw new UncheckedIOException(text, e);
        }
    }

    Answer send(HttpRequest.Builder request) {
        try {
            HttpResponse<String> response =
                    client.send(request.timeout(Duration.ofSeconds(60)).build(), HttpResponse.BodyHandlers.ofString());
            return new Answer(response.statusCode(), response);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    Answer get(String path) {
        return send(HttpRequest.newBuilder(uri(path)).GET());
    }

    static HttpRequest.Builder post(URI uri, String body) {
        return HttpRequest.newBuilder(uri)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body));
    }

    Answer post(String path, String body, String... headers) {
        HttpRequest.Builder request = post(uri(path), body);
        return send(headers.length == 0 ? request : request.headers(headers));
    }

    Answer call(String method, String path, String body) {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri(path))
                .method(
                        method,
                        body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body));
        return send(body == null ? request : request.header("Content-Type", "application/json"));
    }

    /** A chat completion with one message of a user, and more members. */
    static String chat(String text, String... members) {
        StringBuilder body = new StringBuilder("{\"messages\": [{\"role\": \"user\", \"content\": ")
                .append(JSON.getNodeFactory().textNode(text))
                .append("}]");
        for (String member : members) {
            body.append(", ").append(member);
        }
        return body.append('}').toString();
    }

    /** The data of a stream's events. */
    static List<String> events(String body) {
        List<String> events = new ArrayList<>();
        for (String block : body.split("\n\n", -1)) {
            if (block.startsWith("data: ")) {
                events.add(block.substring("data: ".length()));
            }
        }
        return events;
    }

    /** The chunks of a stream, without what ends it. */
    static List<JsonNode> chunks(String body) {
        return events(body).stream()
                .filter(event -> !event.equals("[DONE]"))
                .map(OnServer::parse)
                .toList();
    }

    /** What all deltas of a name say together. */
    static String joined(List<JsonNode> chunks, String delta) {
        StringBuilder text = new StringBuilder();
        for (JsonNode chunk : chunks) {
            text.append(chunk.path("choices").path(0).path("delta").path(delta).asText(""));
        }
        return text.toString();
    }

    String metric(String name) {
        return get("/metrics")
                .response()
                .body()
                .lines()
                .filter(line -> line.startsWith(name) && (line.charAt(name.length()) == ' '))
                .map(line -> line.substring(name.length() + 1))
                .findFirst()
                .orElse("");
    }
}
