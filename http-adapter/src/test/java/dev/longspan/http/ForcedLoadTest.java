package dev.longspan.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** A snapshot is loaded into a session that others open and close. */
class ForcedLoadTest extends OnServer {
    @Test
    void aForcedLoadTakesItsPlaceThoughOthersOpenAndCloseTheSession() throws Exception {
        post("/v1/sessions", "{\"session_id\": \"s\"}");
        post(CHAT, chat("!say a\n!end", "\"session_id\": \"s\""));
        String saved = post("/v1/sessions/s/save", "").json().get("snapshot_id").asText();
        AtomicBoolean over = new AtomicBoolean();
        CompletableFuture<Void> others = CompletableFuture.runAsync(() -> {
            while (!over.get()) {
                call("DELETE", "/v1/sessions/s", null);
                post("/v1/sessions", "{\"session_id\": \"s\"}");
            }
        });
        try {
            for (int i = 0; i < 500; i++) {
                Answer loaded = post("/v1/snapshots/" + saved + "/load", "{\"session_id\": \"s\", \"force\": true}");
                // it may be closed again before its state is told
                assertThat(loaded.status() == 200 ? "" : loaded.code())
                        .isIn("", "session_busy", "session_closed", "session_not_found");
            }
        } finally {
            over.set(true);
            others.get();
        }
    }
}
