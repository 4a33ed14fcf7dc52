package dev.longspan.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.ChatStream;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Sessions that are closed while a step of their turn goes on. */
class ClosingTest extends OnServer {
    private static final String IN_S = "\"session_id\": \"s\"";

    @BeforeEach
    void open() {
        post("/v1/sessions", "{" + IN_S + "}");
        post(CHAT, chat("!say one\n!end", IN_S));
        backend.gate().hold();
    }

    private Answer delete() {
        return call("DELETE", "/v1/sessions/s", null);
    }

    private static void isBusy(Answer answer) {
        assertThat(answer.status()).isEqualTo(409);
        assertThat(answer.code()).isEqualTo("session_busy");
        assertThat(answer.header("Retry-After")).isEqualTo("1");
        assertThat(answer.header("x-should-retry")).isEmpty();
    }

    private void awaitGone() {
        while (get("/v1/sessions/s").status() == 200) {
            Thread.onSpinWait();
        }
    }

    @Test
    void nobodyWaitsForTheStepWithoutEnd() throws Exception {
        CompletableFuture<Answer> turn =
                CompletableFuture.supplyAsync(() -> post(CHAT, chat("!say two\n!end", IN_S, "\"stream\": true")));
        backend.gate().awaitWaiting(LIMIT);
        isBusy(delete());
        isBusy(delete()); // which does not take it for closed, though that has begun
        assertThat(post(CHAT, chat("!say three\n!end", IN_S)).status()).isEqualTo(409);
        assertThat(post("/v1/sessions", "{" + IN_S + "}").code()).isEqualTo("session_exists");
        CompletableFuture<Answer> patient = CompletableFuture.supplyAsync(this::delete);
        backend.gate().release();
        List<String> events = events(turn.get().response().body());
        JsonNode last = parse(events.get(events.size() - 1));
        assertThat(last.at("/error/code").asText()).isEqualTo("session_closed");
        // it waits for the closing, or comes behind it
        assertThat(patient.get().status()).isIn(200, 404);
        awaitGone();
        assertThat(delete().code()).isEqualTo("session_not_found");
        assertThat(post("/v1/sessions", "{" + IN_S + "}").status()).isEqualTo(200);
        assertThat(delete().json().get("status").asText()).isEqualTo("closed");
    }

    @Test
    void aSnapshotTakesItsPlaceOnceItIsClosed() {
        String snapshot =
                post("/v1/sessions/s/save", "{}").json().get("snapshot_id").asText();
        ChatStream turn = engine.session("s").stream("!say two\n!end"); // of the program's own
        isBusy(delete());
        String load = "{" + IN_S + ", \"force\": true}";
        isBusy(post("/v1/snapshots/" + snapshot + "/load", load));
        backend.gate().release();
        awaitGone();
        turn.close();
        assertThat(post("/v1/snapshots/" + snapshot + "/load", load).status()).isEqualTo(200);
        assertThat(engine.session("s").history()).hasSize(2);
    }
}
