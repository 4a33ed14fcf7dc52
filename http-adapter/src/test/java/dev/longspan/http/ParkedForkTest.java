package dev.longspan.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.ChatEngine;
import dev.longspan.ChatEngineBuilder;
import dev.longspan.Session;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Sessions that are parked because memory is short, and come back once an answer gives some back. */
class ParkedForkTest extends OnServer {
    private static final String LONG = "w".repeat(1000) + "\n!say hi\n!end";

    @Override
    ChatEngineBuilder engineBuilder() {
        long bytes;
        try (ChatEngine measured = super.engineBuilder().build();
                Session session = measured.openSession()) {
            session.send(LONG);
            bytes = session.info().bytes();
        }
        return super.engineBuilder().maxStateBytes(3 * bytes / 2).parkIdleSessions(folder.resolve("parked"));
    }

    @Test
    void whatComputesNothingIsAnsweredWhileForksWaitForMemory() throws Exception {
        post("/v1/sessions", "{\"session_id\": \"s\"}");
        post(CHAT, chat(LONG, "\"session_id\": \"s\"", "\"max_tokens\": 50"));
        backend.gate().hold();
        CompletableFuture<Answer> running =
                CompletableFuture.supplyAsync(() -> post(CHAT, chat(LONG, "\"max_tokens\": 50")));
        backend.gate().awaitWaiting(LIMIT);
        assertThat(get("/v1/sessions/s").json().get("parked").asBoolean()).isTrue();
        List<CompletableFuture<Answer>> forks = Stream.generate(() -> CompletableFuture.supplyAsync(
                        () -> post("/v1/sessions/s/fork", "{}"), task -> new Thread(task).start()))
                .limit(20)
                .toList();
        while (!metric("longspan_http_working").equals("21.0")) {
            Thread.onSpinWait();
        }
        for (String path : List.of("/readyz", "/metrics", "/v1/models", "/v1/sessions", "/v1/sessions/s")) {
            assertThat(get(path).status()).as(path).isEqualTo(200);
        }
        assertThat(forks).noneMatch(CompletableFuture::isDone);
        backend.gate().release();
        assertThat(running.get().status()).isEqualTo(200);
        for (CompletableFuture<Answer> each : forks) {
            assertThat(each.get().status()).as(each.get().response().body()).isEqualTo(200);
        }
    }
}
