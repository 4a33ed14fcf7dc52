package dev.longspan.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.ChatEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
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

    private Path touched() throws IOException {
        Path config = folder.resolve("digest").resolve("config.json");
        return Files.setLastModifiedTime(config, FileTime.fromMillis(12_345));
    }

    @Test
    void aModelWhoseFilesAreReplacedLaterIsSavedAsItWasLoaded() throws Exception {
        engine.fingerprint(); // which the server has begun to ask for, too
        touched();
        assertThat(post("/v1/sessions/a/save", "{}").status()).isEqualTo(200);
    }

    @Test
    void aModelWhoseFilesWereReplacedBeforeIsNamed() throws Exception {
        ChatEngine own = engineBuilder().build();
        touched(); // nobody has asked before
        try (HttpAdapter other = HttpAdapter.builder().engine(own).port(0).start()) {
            send(post(other.address().resolve("/v1/sessions"), "{\"session_id\": \"c\"}"));
            send(post(other.address().resolve(CHAT), chat("!say hi\n!end", "\"session_id\": \"c\"")));
            Answer answer = send(post(other.address().resolve("/v1/sessions/c/save"), "{}"));
            assertThat(answer.status()).isEqualTo(409);
            assertThat(answer.code()).isEqualTo("model_changed");
            assertThat(answer.header("x-should-retry")).isEqualTo("false");
            assertThat(answer.response().body()).doesNotContain(folder.toString());
        } finally {
            own.close();
        }
    }

    @Test
    void noneIsNamedWhereAllAreSaved() {
        server.stop(Duration.ofSeconds(10));
        assertThat(server.unsavedSessions()).isEmpty();
        assertThat(engine.snapshots().list()).hasSize(2);
    }
}
