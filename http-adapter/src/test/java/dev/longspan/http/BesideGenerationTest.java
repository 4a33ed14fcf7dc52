package dev.longspan.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.EngineListener;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** What is answered while every generation is held. */
class BesideGenerationTest extends OnServer {
    @Test
    void whatComputesNothingIsAnswered() throws Exception {
        post("/v1/sessions", "{\"session_id\": \"s\"}");
        post(CHAT, chat("!say a\n!end", "\"session_id\": \"s\""));
        String saved =
                post("/v1/sessions/s/save", "{}").json().get("snapshot_id").asText();
        backend.gate().hold();
        List<CompletableFuture<Answer>> held = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            String session = i == 0 ? "\"session_id\": \"s\"" : "\"seed\": " + i;
            held.add(CompletableFuture.supplyAsync(
                    () -> post(CHAT, chat("!say b\n!end", session)), task -> new Thread(task).start()));
        }
        backend.gate().awaitWaiting(LIMIT);
        while (!metric("longspan_http_working").equals("40.0")) {
            Thread.onSpinWait();
        }
        for (String path : List.of(
                "/livez",
                "/readyz",
                "/health",
                "/metrics",
                "/v1/models",
                "/v1/models/digest",
                "/v1/sessions",
                "/v1/sessions?detail=true",
                "/v1/sessions/s",
                "/v1/sessions/s/history",
                "/v1/snapshots",
                "/v1/snapshots/" + saved,
                "/openapi.yaml",
                "/")) {
            assertThat(get(path).status()).as(path).isEqualTo(200);
        }
        assertThat(post("/v1/tokenize", "{\"text\": \"x\"}").status()).isEqualTo(200);
        assertThat(post("/v1/sessions", "{\"session_id\": \"t\"}").status()).isEqualTo(200);
        assertThat(post("/v1/sessions/s/fork", "{}").status()).isEqualTo(200);
        assertThat(post("/v1/sessions/s/save", "{}").status()).isEqualTo(200);
        assertThat(held).noneMatch(CompletableFuture::isDone);
        backend.gate().release();
        for (CompletableFuture<Answer> each : held) {
            assertThat(each.get().status()).isEqualTo(200);
        }
    }

    @Test
    void statusIsAnsweredWhileAListenerHoldsTheEnginesLock() throws Exception {
        CountDownLatch held = new CountDownLatch(1);
        CountDownLatch reached = new CountDownLatch(1);
        EngineListener slow = new EngineListener() {
            @Override
            public void requestQueued(int promptTokens) {
                reached.countDown();
                try {
                    held.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
        };
        engine.addListener(slow);
        CompletableFuture<Answer> waiting = CompletableFuture.supplyAsync(() -> post(CHAT, chat("!say a\n!end")));
        reached.await();
        for (String path : List.of("/livez", "/readyz", "/health", "/livez")) {
            assertThat(get(path).status()).as(path).isEqualTo(200);
        }
        assertThat(waiting).isNotDone();
        held.countDown();
        assertThat(waiting.get().status()).isEqualTo(200);
        engine.removeListener(slow);
    }

    @Test
    void headersLeaveBeforeTheFirstTokenAndSignsOfLifeCome() throws Exception {
        backend.gate().hold();
        HttpRequest request =
                post(uri(CHAT), chat("!say a\n!end", "\"stream\": true")).build();
        HttpResponse<java.io.InputStream> response = client.send(request, HttpResponse.BodyHandlers.ofInputStream());
        assertThat(response.statusCode()).isEqualTo(200);
        byte[] buffer = new byte[4096];
        StringBuilder read = new StringBuilder();
        while (read.indexOf(": \n\n") < 0) {
            int count = response.body().read(buffer);
            read.append(new String(buffer, 0, count, StandardCharsets.UTF_8));
        }
        assertThat(events(read.toString())).hasSize(1);
        assertThat(engine.load().running()).isEqualTo(1);
        backend.gate().release();
        String rest = new String(response.body().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(rest).endsWith("data: [DONE]\n\n");
    }
}
