package dev.longspan.http.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.ChatEngine;
import dev.longspan.Session;
import dev.longspan.SessionExistsException;
import dev.longspan.SessionOptions;
import dev.longspan.http.wire.ApiError;
import dev.longspan.tck.DigestBackend;
import dev.longspan.tck.DigestModel;
import dev.longspan.tck.DigestOptions;
import dev.longspan.tck.TemplateKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TurnLedgerTest {
    private static final byte[] DIGEST = {1};

    @TempDir
    Path folder;

    private final DigestBackend backend = new DigestBackend(DigestOptions.defaults());
    private final TurnLedger turns = new TurnLedger();
    private ChatEngine engine;

    @BeforeEach
    void open() throws IOException {
        DigestModel.writeTo(Files.createDirectories(folder.resolve("digest")), TemplateKind.STABLE);
        engine = ChatEngine.builder()
                .model(folder.resolve("digest"))
                .backend(backend)
                .build();
    }

    @AfterEach
    void close() {
        engine.close();
        backend.close();
    }

    private Session opened() {
        return engine.openSession(SessionOptions.DEFAULT.withId("s"));
    }

    private void store(String key) {
        try (TurnLedger.Claim claim = turns.claim("s")) {
            claim.store(new TurnLedger.Done(key, DIGEST, 1, Optional.empty()));
        }
    }

    private boolean isKnown(String key) {
        try (TurnLedger.Claim claim = turns.claim("s")) {
            return claim.repeated(key, DIGEST, 1).isPresent();
        }
    }

    @Test
    void whatAnotherSessionOfThisIdDidIsForgotten() {
        store("old");
        assertThat(isKnown("old")).isTrue();
        turns.begin(this::opened);
        assertThat(isKnown("old")).isFalse();
    }

    @Test
    void whatTheNewSessionDidBeforeItWasToldIsKept() {
        store("old");
        turns.begin(() -> {
            Session session = opened();
            store("new");
            return session;
        });
        assertThat(isKnown("new")).isTrue();
    }

    @Test
    void whatASessionDidIsKeptWhereNoneCouldBeMade() {
        opened();
        store("its own");
        assertThatThrownBy(() -> turns.begin(this::opened)).isInstanceOf(SessionExistsException.class);
        assertThat(isKnown("its own")).isTrue();
    }

    @Test
    void whatTheNextSessionOfAnIdDidIsKeptThoughTheLastOneIsStillBeingClosed() {
        Session old = turns.begin(this::opened);
        store("old");
        turns.end("s", () -> {
            old.close();
            turns.begin(this::opened);
            store("new");
        });
        assertThat(isKnown("new")).isTrue();
    }

    @Test
    void aTurnOfTheNextSessionOfAnIdIsStillTheOnlyOne() {
        Session old = turns.begin(this::opened);
        turns.end("s", () -> {
            old.close();
            turns.begin(this::opened);
            turns.claim("s");
        });
        assertThatThrownBy(() -> turns.claim("s")).isInstanceOf(ApiError.class);
    }

    @Test
    void aTurnOfASessionThatIsClosedHoldsNothingAndIsNotKept() {
        Session old = turns.begin(this::opened);
        store("old");
        TurnLedger.Claim running = turns.claim("s");
        turns.end("s", old::close);
        assertThat(isKnown("old")).isFalse();
        running.store(new TurnLedger.Done("late", DIGEST, 1, Optional.empty()));
        assertThat(isKnown("late")).isFalse();
    }
}
