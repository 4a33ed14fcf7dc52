package dev.longspan.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A server whose folder of snapshots cannot be used any more. */
class SnapshotStorageTest extends OnServer {
    @Override
    HttpAdapterBuilder configure(HttpAdapterBuilder builder) {
        return builder.saveOnStop(true);
    }

    @BeforeEach
    void talk() {
        for (String id : List.of("a", "b", "empty")) {
            post("/v1/sessions", "{\"session_id\": \"" + id + "\"}");
        }
        for (String id : List.of("a", "b")) {
            post(CHAT, chat("!say hi\n!end", "\"session_id\": \"" + id + "\""));
        }
    }

    private Path breakStorage() throws IOException {
        Path place = folder.resolve("snapshots");
        if (Files.exists(place)) {
            Files.move(place, folder.resolve("elsewhere"));
        }
        return Files.writeString(place, "a file");
    }

    private void failedByName(Answer answer) {
        assertThat(answer.status()).as(answer.response().body()).isEqualTo(507);
        assertThat(answer.code()).isEqualTo("snapshot_store_failed");
        assertThat(answer.json().at("/error/type").asText()).isEqualTo("server_error");
        assertThat(answer.response().body()).doesNotContain(folder.toString()).doesNotContain("Exception");
    }

    @Test
    void whatCannotBeStoredIsSaidByName() throws Exception {
        String saved =
                post("/v1/sessions/a/save", "{}").json().get("snapshot_id").asText();
        Path file = breakStorage();
        failedByName(post("/v1/sessions/a/save", "{}"));
        failedByName(get("/v1/snapshots"));
        Files.delete(file);
        Files.move(folder.resolve("elsewhere"), file);
        assertThat(get("/v1/snapshots/" + saved).status()).isEqualTo(200);
        assertThat(post("/v1/sessions/a/save", "{}").status()).isEqualTo(200);
    }

    @Test
    void sessionsThatCannotBeSavedAtTheEndAreNamed() throws Exception {
        breakStorage();
        assertThat(server.unsavedSessions()).isEmpty();
        server.stop(Duration.ofSeconds(10));
        assertThat(server.unsavedSessions()).containsExactlyInAnyOrder("a", "b");
    }

    @Test
    void noneIsNamedWhereAllAreSaved() {
        server.stop(Duration.ofSeconds(10));
        assertThat(server.unsavedSessions()).isEmpty();
        assertThat(engine.snapshots().list()).hasSize(2);
    }
}
