package dev.longspan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.TurnInfo.ReuseEnd;
import dev.longspan.spi.ModelLoadException;
import dev.longspan.tck.TemplateKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Sessions as snapshots, and back. */
class SessionSnapshotTest extends OnDigestBackend {
    private static TurnInfo lastTurn(Session session) {
        return session.info().lastTurn().orElseThrow();
    }

    @Test
    void aLoadedSessionGoesOnWithoutComputingAnythingAgain() {
        ChatEngine engine = engine();
        SnapshotInfo saved;
        int held;
        try (Session session = engine.openSession()) {
            session.send("!think 5\n!say one\n!end");
            session.send("!say two\n!end");
            held = session.tokenIds().length;
            saved = session.save("after two");
            assertThat(saved.tokens()).isEqualTo(held);
            assertThat(saved.label().title()).isEqualTo("after two");
        }
        engine.close();
        ChatEngine later = engine();
        assertThat(later.snapshots().list()).extracting(SnapshotInfo::id).containsExactly(saved.id());
        try (Session session = later.loadSession(saved.id(), SessionOptions.DEFAULT)) {
            assertThat(session.history()).extracting(ChatMessage::text).contains("one", "two");
            assertThat(session.info().sequence()).isEqualTo(2);
            ChatResponse third = session.send("!say three\n!end");
            assertThat(third.text()).isEqualTo("three");
            assertThat(third.usage().reusedTokens()).isEqualTo(held);
            assertThat(lastTurn(session).reuseEnd()).isEqualTo(ReuseEnd.ALL_HELD);
        }
        assertThat(backend.verify()).isEmpty();
    }

    @Test
    void withATemplateThatRewritesHistoryALoadedSessionComputesTheLastTurnAtMost() throws IOException {
        write(TemplateKind.HISTORY_REWRITING);
        ChatEngine engine = engine();
        String id;
        int beforeLast;
        try (Session session = engine.openSession()) {
            session.send("x".repeat(200) + "\n!say one\n!end");
            beforeLast = session.tokenIds().length;
            session.send(user("!think 20\n!say two\n!end").thinkingKept(true).build());
            id = session.save("kept").id();
        }
        try (Session session = engine.loadSession(id, SessionOptions.DEFAULT)) {
            session.send(user("!say three\n!end").thinkingKept(true).build());
            assertThat(lastTurn(session).reuseEnd()).isEqualTo(ReuseEnd.TOKENS_DIFFER);
            assertThat(lastTurn(session).reusedTokens()).isGreaterThanOrEqualTo(beforeLast);
        }
    }

    @Test
    void settingsOfTurnsAreSavedWithThem() {
        ChatEngine engine = engine();
        String id;
        int[] ids;
        try (Session session = engine.openSession()) {
            session.send(user("!call weather days=1\n!end")
                    .tools(List.of(WEATHER))
                    .templateArgument("extra", List.of(1, 2.5, "x"))
                    .build());
            ids = session.tokenIds();
            id = session.save("with tools").id();
        }
        try (Session session = engine.loadSession(id, SessionOptions.DEFAULT.withId("again"))) {
            assertThat(session.tokenIds()).isEqualTo(ids);
            session.append(List.of(ChatMessage.tool("1", "sunny")));
            assertThat(lastTurn(session).reusedTokens())
                    .as("with the same tools")
                    .isEqualTo(ids.length);
        }
    }

    @Test
    void loadingIntoASessionSwapsOnlyWhatWasReadWhole() throws IOException {
        ChatEngine engine = engine();
        try (Session session = engine.openSession()) {
            session.send("!say one\n!end");
            String good = session.save("good").id();
            String bad = session.save("bad").id();
            Path state = folder.resolve("snapshots").resolve(bad).resolve("state.safetensors");
            byte[] bytes = Files.readAllBytes(state);
            bytes[bytes.length - 5] ^= 1;
            Files.write(state, bytes, StandardOpenOption.TRUNCATE_EXISTING);
            session.send("!say two\n!end");
            SessionInfo before = session.info();
            assertThatThrownBy(() -> session.load(bad))
                    .isInstanceOf(SnapshotCorruptException.class)
                    .hasMessageContaining("state.safetensors");
            assertThatThrownBy(() -> session.load("nothing")).isInstanceOf(SnapshotNotFoundException.class);
            assertThat(session.info()).isEqualTo(before);
            session.load(good);
            assertThat(session.history()).hasSize(2);
            assertThat(session.info().sequence())
                    .as("a number that was never there")
                    .isEqualTo(before.sequence() + 1);
            assertThat(session.send("!say other\n!end").text()).isEqualTo("other");
        }
    }

    @Test
    void aSnapshotOfAnotherModelIsRefusedWithWhatDiffers() throws IOException {
        ChatEngine engine = engine();
        String id;
        try (Session session = engine.openSession()) {
            session.send("!say one\n!end");
            id = session.save("mine").id();
        }
        engine.close();
        write(TemplateKind.THINK_OPENING);
        ChatEngine other = engine();
        assertThatThrownBy(() -> other.loadSession(id, SessionOptions.DEFAULT))
                .isInstanceOf(SnapshotIncompatibleException.class)
                .hasMessageContaining("template");
    }

    @Test
    void savingRunsBesideATurn() {
        ChatEngine engine = engine();
        try (Session session = engine.openSession()) {
            session.send("!say one\n!end");
            backend.gate().hold();
            ChatStream running = session.stream("!say two\n!end");
            backend.gate().awaitWaiting(LIMIT);
            SnapshotInfo saved = session.save("meanwhile");
            assertThat(engine.load().running()).isEqualTo(1);
            backend.gate().release();
            assertThat(running.await().text()).isEqualTo("two");
            try (Session loaded = engine.loadSession(saved.id(), SessionOptions.DEFAULT)) {
                assertThat(loaded.history()).hasSize(2);
            }
        }
    }

    @Test
    void aLoadedSessionGoesBackToTheEndsOfItsTurnsWithoutComputing() {
        ChatEngine engine = engine();
        String id;
        try (Session session = engine.openSession()) {
            for (int i = 0; i < 3; i++) {
                session.send("!say answer " + i + "\n!end");
            }
            id = session.save("three").id();
        }
        try (Session session = engine.loadSession(id, SessionOptions.DEFAULT)) {
            long computed = backend.tokensComputed();
            session.rollback(4);
            assertThat(backend.tokensComputed()).as("two turns").isEqualTo(computed);
            assertThat(session.send("!say other\n!end").text()).isEqualTo("other");
        }
    }

    @Test
    void weightsThatChangedOnDiskSinceTheyWereLoadedSaveNothing() throws IOException {
        ChatEngine engine = engine();
        try (Session session = engine.openSession()) {
            session.send("!say one\n!end");
            Path config = folder.resolve("config.json");
            Files.writeString(config, Files.readString(config) + " ");
            assertThatThrownBy(() -> session.save("mixed"))
                    .isInstanceOf(ModelLoadException.class)
                    .hasMessageContaining("config.json");
            assertThat(engine.snapshots().list()).isEmpty();
            assertThat(session.send("!say two\n!end").text()).isEqualTo("two");
        }
    }

    @Test
    void anEmptySessionHasNothingToSave() {
        try (Session session = engine().openSession()) {
            assertThatThrownBy(() -> session.save("nothing")).isInstanceOf(InvalidRequestException.class);
        }
    }

    @Test
    void idleSessionsAreParkedWhenMemoryIsShortAndComeBackByThemselves() throws IOException {
        Path parked = folder.resolve("parked");
        long one;
        try (ChatEngine measured = builder().build();
                Session session = measured.openSession()) {
            session.send(user("w".repeat(1000) + "\n!say x\n!end").maxTokens(50).build());
            one = session.info().bytes();
        }
        ChatEngine engine = keep(
                builder().maxStateBytes(5 * one / 2).parkIdleSessions(parked).build());
        Session[] sessions = new Session[6];
        for (int i = 0; i < sessions.length; i++) {
            sessions[i] = engine.openSession();
            assertThat(sessions[i]
                            .send(user(i + "w".repeat(1000) + "\n!say answer " + i + "\n!end")
                                    .maxTokens(50)
                                    .build())
                            .text())
                    .isEqualTo("answer " + i);
        }
        assertThat(engine.sessions()).filteredOn(SessionInfo::parked).hasSizeGreaterThanOrEqualTo(3);
        assertThat(states(parked)).hasSizeGreaterThanOrEqualTo(3);
        for (int i = 0; i < sessions.length; i++) {
            int held = sessions[i].tokenIds().length;
            ChatResponse back =
                    sessions[i].send(user("!say back\n!end").maxTokens(50).build());
            assertThat(back.text()).isEqualTo("back");
            assertThat(back.usage().reusedTokens()).as("session " + i).isEqualTo(held);
        }
        assertThat(backend.verify()).isEmpty();
        engine.close();
        try (var files = Files.list(parked)) {
            assertThat(files).isEmpty();
        }
    }
}
