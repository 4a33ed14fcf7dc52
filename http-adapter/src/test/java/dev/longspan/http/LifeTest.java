package dev.longspan.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.ChatEngine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** From a model that is on its way to a server that stops. */
class LifeTest extends OnServer {
    private Answer at(HttpAdapter other, String path) {
        return send(HttpRequest.newBuilder(other.address().resolve(path)));
    }

    @Test
    void untilTheModelIsThereThatIsSaid() throws Exception {
        CountDownLatch there = new CountDownLatch(1);
        try (HttpAdapter other = HttpAdapter.builder()
                .engine("mine", () -> {
                    there.await();
                    return engineBuilder().build();
                })
                .port(0)
                .start()) {
            assertThat(at(other, "/livez").status()).isEqualTo(200);
            Answer ready = at(other, "/readyz");
            assertThat(ready.status()).isEqualTo(503);
            assertThat(ready.json().get("reason").asText()).contains("being loaded");
            assertThat(at(other, "/health").json().get("status").asText()).isEqualTo("degraded");
            assertThat(at(other, "/v1/models/mine").json().get("loaded").asBoolean())
                    .isFalse();
            HttpRequest.Builder chat = post(other.address().resolve(CHAT), chat("!say a\n!end"));
            Answer early = send(chat);
            assertThat(early.status()).isEqualTo(503);
            assertThat(early.code()).isEqualTo("MODEL_LOADING");
            assertThat(early.header("Retry-After")).isEqualTo("2");
            Answer provisioning = send(chat.header("X-SIE-SDK-Version", "1"));
            assertThat(provisioning.status()).isEqualTo(202);
            there.countDown();
            other.awaitLoaded();
            assertThat(at(other, "/readyz").status()).isEqualTo(200);
            assertThat(send(chat).status()).isEqualTo(200);
            JsonNode model = at(other, "/v1/models/mine").json();
            assertThat(model.get("loaded").asBoolean()).isTrue();
            assertThat(model.get("id")).isEqualTo(model.get("name"));
            assertThat(model.get("max_sequence_length").asInt()).isEqualTo(4000);
        }
    }

    @Test
    void aServerEndsThoughItsModelIsStillOnItsWay() throws Exception {
        CountDownLatch there = new CountDownLatch(1);
        java.util.concurrent.CompletableFuture<ChatEngine> made = new java.util.concurrent.CompletableFuture<>();
        HttpAdapter other = HttpAdapter.builder()
                .engine("mine", () -> {
                    while (there.getCount() > 0) { // a loader that does not listen to an interrupt
                        Thread.onSpinWait();
                    }
                    assertThat(Thread.interrupted()).isTrue();
                    ChatEngine late = engineBuilder().build();
                    made.complete(late);
                    return late;
                })
                .port(0)
                .start();
        other.stop(Duration.ofMillis(100));
        assertThat(made).isNotDone();
        there.countDown();
        ChatEngine late = made.get();
        other.awaitLoaded();
        assertThatThrownBy(() -> late.chat(dev.longspan.ChatRequest.of("x")))
                .isInstanceOf(dev.longspan.EngineClosedException.class);
    }

    private static long threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(each -> each.getName().startsWith("longspan-http"))
                .count();
    }

    @Test
    void aServerThatCannotListenLeavesNothing() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            HttpAdapterBuilder builder = HttpAdapter.builder().engine(engine).port(taken.getLocalPort());
            long before = threads();
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(builder::start).isInstanceOf(HttpAdapterException.class);
            }
            while (threads() > before) { // they end a moment later
                Thread.onSpinWait();
            }
        }
    }

    @Test
    void anEngineThatHasEndedIsNotReady() {
        ChatEngine own = engineBuilder().build();
        try (HttpAdapter other = HttpAdapter.builder().engine(own).port(0).start()) {
            assertThat(at(other, "/readyz").status()).isEqualTo(200);
            assertThat(own.isOpen()).isTrue();
            own.close();
            assertThat(own.isOpen()).isFalse();
            assertThat(at(other, "/livez").status()).isEqualTo(200);
            Answer ready = at(other, "/readyz");
            assertThat(ready.status()).isEqualTo(503);
            assertThat(ready.json().get("reason").asText()).isEqualTo("the engine has ended");
            assertThat(at(other, "/metrics").status()).isEqualTo(200);
            Answer answer = send(post(other.address().resolve(CHAT), chat("x")));
            assertThat(answer.status()).isEqualTo(503);
            assertThat(answer.code()).isEqualTo("engine_ended");
        }
    }

    @Test
    void anInterruptedThreadClosesTheEngineToo() throws Exception {
        HttpAdapter other = HttpAdapter.builder()
                .engine("mine", () -> engineBuilder().build())
                .port(0)
                .start();
        other.awaitLoaded();
        ChatEngine made = other.engine().orElseThrow();
        Thread.currentThread().interrupt();
        other.close();
        assertThat(Thread.interrupted()).as("the thread's flag, afterwards").isTrue();
        assertThatThrownBy(() -> made.openSession()).isInstanceOf(dev.longspan.EngineClosedException.class);
        assertThatThrownBy(() -> at(other, "/readyz")).hasCauseInstanceOf(ConnectException.class);
    }

    @Test
    void aModelThatNeverComesIsSaidToBe() throws Exception {
        try (HttpAdapter other = HttpAdapter.builder()
                .engine("mine", () -> {
                    throw new UncheckedIOException(new IOException("the disk at /secret is gone"));
                })
                .port(0)
                .start()) {
            other.awaitLoaded();
            Answer answer = send(post(other.address().resolve(CHAT), chat("x")));
            assertThat(answer.status()).isEqualTo(502);
            assertThat(answer.code()).isEqualTo("MODEL_LOAD_FAILED");
            assertThat(answer.response().body()).doesNotContain("secret");
            assertThat(other.loadFailure()).isPresent();
            assertThat(at(other, "/readyz").status()).isEqualTo(503);
        }
    }

    @Test
    void whatRunsMayEnd() throws Exception {
        backend.gate().hold();
        List<CompletableFuture<Answer>> running = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            String stream = "\"stream\": " + (i % 2 == 0);
            running.add(CompletableFuture.supplyAsync(
                    () -> post(CHAT, chat("!say bye\n!end", stream)), task -> new Thread(task).start()));
        }
        while (engine.load().running() + engine.load().queued() < 8) {
            Thread.onSpinWait();
        }
        CompletableFuture<Void> stopping = CompletableFuture.runAsync(() -> server.stop(Duration.ofMinutes(1)));
        while (get("/readyz").status() == 200) {
            Thread.onSpinWait();
        }
        assertThat(get("/readyz").json().get("reason").asText()).contains("shutting down");
        Answer late = post(CHAT, chat("x"));
        assertThat(late.status()).isEqualTo(503);
        assertThat(late.code()).isEqualTo("shutting_down");
        backend.gate().release();
        for (int i = 0; i < running.size(); i++) {
            Answer answer = running.get(i).get();
            assertThat(answer.status()).isEqualTo(200);
            String said = i % 2 == 0
                    ? joined(chunks(answer.response().body()), "content")
                    : answer.json().at("/choices/0/message/content").asText();
            assertThat(said).isEqualTo("bye");
        }
        stopping.get();
    }

    @Test
    void whatDoesNotEndInTimeIsEndedWithAnError() throws Exception {
        String endless = "\"repetition_detection\": {\"enabled\": false}";
        List<CompletableFuture<Answer>> running = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            String stream = "\"stream\": " + (i % 2 == 0);
            running.add(CompletableFuture.supplyAsync(
                    () -> post(CHAT, chat("!loop", endless, stream, "\"max_tokens\": 3000")),
                    task -> new Thread(task).start()));
        }
        backend.gate().hold();
        while (engine.load().running() + engine.load().queued() < 6) {
            Thread.onSpinWait();
        }
        CompletableFuture<Void> stopping = CompletableFuture.runAsync(() -> server.stop(Duration.ZERO));
        while (!server.isStopping()) {
            Thread.onSpinWait();
        }
        backend.gate().release();
        stopping.get();
        for (int i = 0; i < running.size(); i++) {
            Answer answer = running.get(i).get();
            if (i % 2 == 0) {
                List<String> events = events(answer.response().body());
                JsonNode last = parse(events.get(events.size() - 1));
                assertThat(last.at("/error/code").asText()).isEqualTo("shutting_down");
            } else {
                assertThat(answer.status()).isEqualTo(503);
                assertThat(answer.header("Retry-After")).isNotEmpty();
            }
        }
    }

    @Test
    void timesMayBeWithoutEnd() {
        Duration forever = ChronoUnit.FOREVER.getDuration();
        HttpAdapter other = HttpAdapter.builder()
                .engine(engine)
                .port(0)
                .requestTimeout(forever)
                .bodyTimeout(forever)
                .writeTimeout(forever)
                .idleTimeout(forever)
                .stopTimeout(forever)
                .start();
        HttpRequest.Builder chat = post(other.address().resolve(CHAT), chat("!say a\n!end"));
        assertThat(send(chat).status()).isEqualTo(200);
        assertThatThrownBy(() -> other.stop(null)).isInstanceOf(NullPointerException.class);
        assertThat(other.isStopping()).isFalse();
        other.close();
        assertThatThrownBy(() -> send(chat)).isInstanceOf(UncheckedIOException.class);
        other.stop(forever); // again
    }

    @Test
    void sessionsAreSavedWhereThatIsAsked() {
        ChatEngine own = engineBuilder().build();
        HttpAdapter other =
                HttpAdapter.builder().engine(own).port(0).saveOnStop(true).start();
        send(post(other.address().resolve("/v1/sessions"), "{\"session_id\": \"keep\"}"));
        send(post(other.address().resolve(CHAT), chat("!say a\n!end", "\"session_id\": \"keep\"")));
        other.close();
        assertThat(own.snapshots().list())
                .singleElement()
                .satisfies(info -> assertThat(info.label().title()).isEqualTo("session keep"));
        own.close();
    }

    @Test
    void anAnswerThatTakesTooLongIsTakenBack() {
        try (HttpAdapter other = HttpAdapter.builder()
                .engine(engine)
                .port(0)
                .requestTimeout(Duration.ofSeconds(2))
                .start()) {
            send(post(other.address().resolve("/v1/sessions"), "{\"session_id\": \"s\"}"));
            backend.gate().hold();
            CompletableFuture<Answer> late = CompletableFuture.supplyAsync(
                    () -> send(post(other.address().resolve(CHAT), chat("!say a\n!end", "\"session_id\": \"s\""))));
            backend.gate().awaitWaiting(LIMIT);
            try {
                Thread.sleep(2200);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            backend.gate().release();
            assertThat(late.join().status()).isEqualTo(504);
            assertThat(late.join().json().at("/error/type").asText()).isEqualTo("timeout_error");
            assertThat(engine.session("s").history()).isEmpty();
        }
    }

    @Test
    void onlyWhatALeavingClientWasSentIsKept() throws Exception {
        try (HttpAdapter other = HttpAdapter.builder()
                .engine(engine)
                .port(0)
                .onCancel(dev.longspan.TurnOptions.Cancelled.KEEP)
                .requestTimeout(Duration.ofSeconds(2))
                .start()) {
            send(post(other.address().resolve("/v1/sessions"), "{\"session_id\": \"s\"}"));
            String endless = "\"repetition_detection\": {\"enabled\": false}";
            String body = chat("!loop", "\"session_id\": \"s\"", endless, "\"stream\": true", "\"max_tokens\": 3000");
            backend.gate().hold();
            CompletableFuture<Answer> late = CompletableFuture.supplyAsync(
                    () -> send(post(other.address().resolve(CHAT), body).header("Idempotency-Key", "k")));
            for (int i = 0; i < 20; i++) {
                backend.gate().awaitWaiting(LIMIT);
                backend.gate().step();
            }
            Thread.sleep(2200);
            backend.gate().release();
            assertThat(events(late.get().response().body()).toString()).contains("request_timeout");
            assertThat(engine.session("s").history()).isEmpty();
        }
    }

    @Test
    void ofAnAnswerThatIsNoStreamNothingIsKept() throws Exception {
        try (HttpAdapter other = HttpAdapter.builder()
                .engine(engine)
                .port(0)
                .onCancel(dev.longspan.TurnOptions.Cancelled.KEEP)
                .start()) {
            send(post(other.address().resolve("/v1/sessions"), "{\"session_id\": \"s\"}"));
            String body = chat(
                    "!loop",
                    "\"session_id\": \"s\"",
                    "\"repetition_detection\": {\"enabled\": false}",
                    "\"max_tokens\": 3000");
            backend.gate().hold();
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), other.port())) {
                socket.getOutputStream()
                        .write(("POST " + CHAT + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                        + "Idempotency-Key: k\r\nContent-Length: " + body.length() + "\r\n\r\n" + body)
                                .getBytes(StandardCharsets.UTF_8));
                for (int i = 0; i < 30; i++) {
                    backend.gate().awaitWaiting(LIMIT);
                    backend.gate().step();
                }
                // The client goes while a step is computed: gone between two, it might end the turn before the next.
                backend.gate().awaitWaiting(LIMIT);
            }
            Thread.sleep(300);
            backend.gate().release();
            while (engine.session("s").info().busy()) {
                Thread.onSpinWait();
            }
            assertThat(engine.session("s").history()).isEmpty();
            Answer again = send(
                    post(other.address().resolve(CHAT), chat("!loop", "\"session_id\": \"s\"", "\"max_tokens\": 3"))
                            .header("Idempotency-Key", "k"));
            assertThat(again.status()).as(again.response().body()).isEqualTo(200);
        }
    }

    @Test
    void aTurnThatIsKeptIsNotRunAgain() throws Exception {
        try (HttpAdapter other = HttpAdapter.builder()
                .engine(engine)
                .port(0)
                .onCancel(dev.longspan.TurnOptions.Cancelled.KEEP)
                .start()) {
            send(post(other.address().resolve("/v1/sessions"), "{\"session_id\": \"s\"}"));
            String endless = "\"repetition_detection\": {\"enabled\": false}";
            String body = chat("!loop", "\"session_id\": \"s\"", endless, "\"stream\": true", "\"max_tokens\": 3000");
            backend.gate().hold();
            java.net.http.HttpResponse<java.io.InputStream> response = client.send(
                    post(other.address().resolve(CHAT), body)
                            .header("Idempotency-Key", "k")
                            .build(),
                    java.net.http.HttpResponse.BodyHandlers.ofInputStream());
            for (int i = 0; i < 30; i++) {
                backend.gate().awaitWaiting(LIMIT);
                backend.gate().step();
            }
            byte[] some = response.body().readNBytes(600);
            assertThat(some).hasSize(600);
            response.body().close();
            Thread.sleep(300);
            backend.gate().release();
            while (engine.session("s").info().busy()) {
                Thread.onSpinWait();
            }
            assertThat(engine.session("s").history()).hasSize(2);
            Answer again = send(post(other.address().resolve(CHAT), body).header("Idempotency-Key", "k"));
            assertThat(again.code()).isIn("turn_cut", "session_busy");
            assertThat(engine.session("s").history()).hasSize(2);
        }
    }

    @Test
    void aReaderThatIsStuckDoesNotHoldTheEnd() throws Exception {
        String body = chat(
                "!loop",
                "\"repetition_detection\": {\"enabled\": false}",
                "\"stream\": true",
                "\"max_tokens\": 3900",
                "\"stream_options\": {\"flush_every_n_tokens\": 1, \"flush_every_ms\": 1}");
        try (java.net.Socket socket = new java.net.Socket()) {
            socket.setReceiveBufferSize(2048);
            socket.connect(new java.net.InetSocketAddress(java.net.InetAddress.getLoopbackAddress(), server.port()));
            socket.getOutputStream()
                    .write(("POST " + CHAT + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                    + "Content-Length: " + body.length() + "\r\n\r\n" + body)
                            .getBytes(java.nio.charset.StandardCharsets.UTF_8));
            while (engine.load().running() == 0) {
                Thread.onSpinWait();
            }
            while (engine.load().running() > 0 && !isStill()) {
                Thread.onSpinWait();
            }
            server.stop(Duration.ofMillis(100)); // long before the reader is given up for not reading
        }
    }

    /** Whether nothing is computed for a while. */
    private boolean isStill() throws InterruptedException {
        long before = backend.gate().arrivals();
        Thread.sleep(200);
        return before == backend.gate().arrivals();
    }
}
