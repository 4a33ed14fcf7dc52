package dev.longspan.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.ChatStream;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A server that stops while the engine computes a step that does not end meanwhile: its clients read, and are told. */
class HeldStopTest extends OnServer {
    @BeforeEach
    void open() {
        post("/v1/sessions", "{\"session_id\": \"s\"}");
        post("/v1/sessions", "{\"session_id\": \"t\"}");
        backend.gate().hold();
    }

    private List<CompletableFuture<Answer>> begun(List<Supplier<Answer>> calls) {
        List<CompletableFuture<Answer>> running = calls.stream()
                .map(call -> CompletableFuture.supplyAsync(call, task -> new Thread(task).start()))
                .toList();
        while (engine.load().running() + engine.load().queued() < calls.size()) {
            Thread.onSpinWait();
        }
        return running;
    }

    private Answer appended() {
        HttpRequest.Builder request = post(
                uri("/v1/sessions/s/append"), "{\"messages\": [{\"role\": \"user\", \"content\": \"a document\"}]}");
        return send(request.header("Accept", "text/event-stream"));
    }

    private static String generation(boolean stream) {
        return "{\"prompt\": \"x\", \"max_new_tokens\": 8, \"stream\": " + stream + "}";
    }

    @Test
    void streamsEndWithAnError() throws Exception {
        List<CompletableFuture<Answer>> running = begun(List.of(
                () -> post(CHAT, chat("!say bye\n!end", "\"stream\": true")),
                () -> post(CHAT, chat("!say bye\n!end", "\"stream\": true", "\"session_id\": \"t\"")),
                () -> post("/v1/generate/digest", generation(true)),
                this::appended));
        server.stop(Duration.ZERO);
        for (CompletableFuture<Answer> each : running) {
            List<String> events = events(each.get().response().body());
            JsonNode last = parse(events.get(events.size() - 1)); // which is not [DONE]
            assertThat(last.at("/error/code").asText()).isEqualTo("shutting_down");
        }
        backend.gate().release();
        awaitIdle();
        assertThat(Stream.of("s", "t").map(id -> engine.session(id).history())).allMatch(List::isEmpty);
    }

    @Test
    void whatIsNotStreamedIsAnsweredWithAnError() throws Exception {
        List<CompletableFuture<Answer>> running = begun(List.of(
                () -> post(CHAT, chat("!say bye\n!end")),
                () -> post(CHAT, chat("!say bye\n!end", "\"session_id\": \"t\"")),
                () -> post("/v1/generate/digest", generation(false))));
        server.stop(Duration.ZERO);
        for (CompletableFuture<Answer> each : running) {
            assertThat(each.get().status()).isEqualTo(503);
            assertThat(each.get().code()).isEqualTo("shutting_down");
            assertThat(each.get().header("Retry-After")).isNotEmpty();
        }
    }

    @Test
    void whoWaitsForASessionToBeClosedIsTold() throws Exception {
        ChatStream turn = engine.session("s").stream("!say one\n!end"); // of the program's own
        backend.gate().awaitWaiting(LIMIT);
        CompletableFuture<Answer> closing = CompletableFuture.supplyAsync(() -> call("DELETE", "/v1/sessions/s", null));
        while (Thread.getAllStackTraces().keySet().stream()
                .noneMatch(each -> each.getName().equals("longspan-http-closing"))) {
            Thread.onSpinWait();
        }
        server.stop(Duration.ZERO);
        assertThat(closing.get().status()).isEqualTo(503);
        assertThat(closing.get().code()).isEqualTo("shutting_down");
        backend.gate().release();
        turn.close();
    }

    @Test
    void anInterruptedThreadStopsAllOfIt() throws Exception {
        List<CompletableFuture<Answer>> running = begun(List.of(
                () -> post(CHAT, chat("!say bye\n!end")),
                () -> post(CHAT, chat("!say bye\n!end", "\"stream\": true"))));
        Thread.currentThread().interrupt();
        server.stop(Duration.ofMillis(1));
        assertThat(Thread.interrupted()).as("the thread's flag, afterwards").isTrue();
        assertThat(running.get(0).get().code()).isEqualTo("shutting_down");
        assertThat(running.get(1).get().response().body()).contains("shutting_down");
        assertThatThrownBy(() -> get("/readyz")).hasCauseInstanceOf(ConnectException.class);
    }

    @Test
    void whoseBodyIsStillOnItsWayIsTold() throws Exception {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            BufferedReader answer =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            String head = "POST " + CHAT + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    + "Expect: 100-continue\r\nContent-Length: 100\r\n\r\n";
            socket.getOutputStream().write(head.getBytes(StandardCharsets.UTF_8));
            assertThat(answer.readLine()).startsWith("HTTP/1.1 100 ");
            socket.getOutputStream().write('{');
            server.stop(Duration.ZERO);
            assertThat(answer.lines())
                    .anyMatch(line -> line.startsWith("HTTP/1.1 503 "))
                    .anyMatch(line -> line.contains("shutting_down"));
        }
    }
}
