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
