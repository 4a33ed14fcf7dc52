package dev.longspan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.ChatEngine;
import dev.longspan.FileSnapshotStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

@Timeout(60)
class TerminalChatTest {
    @TempDir
    static Path cache;

    @TempDir
    static Path snapshots;

    private static ChatEngine engine;

    @BeforeAll
    static void openEngine() {
        Surroundings surroundings =
                InProcess.surroundings(cache, "", new ByteArrayOutputStream(), new ByteArrayOutputStream());
        engine = ChatEngine.builder()
                .model(NanoModel.unpack(surroundings))
                .snapshots(FileSnapshotStore.open(snapshots))
                .build();
    }

    @AfterAll
    static void closeEngine() {
        engine.close();
    }

    @Test
    void theBannerTellsModelAndBackend() throws IOException {
        assertThat(talk("/quit\r"))
                .contains("nano-")
                .contains(engine.backend().id())
                .contains("/help");
    }

    @Test
    void theAnswerIsShownAndThinkingIsDimmed() throws IOException {
        String shown = talk("What is 27 + 15?\r", "/quit\r");
        assertThat(shown).contains("42");
        int banner = shown.indexOf(TypingScreen.DIM);
        assertThat(shown.indexOf(TypingScreen.DIM, banner + 1)).isPositive();
    }

    @Test
    void turnsAreOneConversationUntilItIsCleared() throws IOException {
        String told = talk("My name is Alice.\r", "What's my name?\r", "/stats\r", "/quit\r");
        int asked = told.lastIndexOf("What's my name?");
        assertThat(told.substring(asked)).contains("Alice");
        assertThat(told).contains("4 messages");
        assertThat(talk("My name is Alice.\r", "/clear\r", "/stats\r", "/quit\r"))
                .contains("0 messages");
    }

    @Test
    void statsTellTokensAndTimes() throws IOException {
        assertThat(talk("/stats\r", "/quit\r")).contains("no answer yet");
        assertThat(talk("Hello\r", "/stats\r", "/quit\r"))
                .contains("tokens a second")
                .contains("131,072");
    }

    @Test
    void helpIsShown() throws IOException {
        assertThat(talk("/help\r", "/quit\r")).contains("/clear", "/help", "/quit", "/stats");
    }

    @Test
    void controlDLeaves() throws IOException {
        assertThat(talk(TypingScreen.CTRL_D)).doesNotContain("error");
    }

    @Test
    void controlCAtThePromptStays() throws IOException {
        String shown = talk(TypingScreen.CTRL_C, "/stats\r", "/quit\r");
        assertThat(shown).contains("Ctrl-D or /quit leaves").contains("0 messages");
    }

    @Test
    void aFailedTurnIsSaidAndLeavesNoTrace() throws IOException {
        try (ChatEngine small = ChatEngine.builder()
                .model(NanoModel.unpack(
                        InProcess.surroundings(cache, "", new ByteArrayOutputStream(), new ByteArrayOutputStream())))
                .snapshots(FileSnapshotStore.open(snapshots))
                .maxContextTokens(100)
                .build()) {
            String shown = talk(small, "word ".repeat(120) + "\r", "/stats\r", "/quit\r");
            assertThat(shown).contains("error: ").contains("0 messages");
        }
    }

    @Test
    void controlCStopsTheAnswerAndNotTheProgram() throws IOException {
        AnswerOptions endless = options("--temperature", "100", "--seed", "3", "--max-tokens", "100000");
        TypingScreen screen = TypingScreen.interrupting("Hello\r", "/help\r", "/quit\r");
        run(screen, engine, endless);
        assertThat(screen.text()).contains("[stopped]");
        assertThat(screen.text().indexOf("/clear")).isGreaterThan(screen.text().indexOf("[stopped]"));
    }

    private static String talk(String... typed) throws IOException {
        return talk(engine, typed);
    }

    private static String talk(ChatEngine with, String... typed) throws IOException {
        TypingScreen screen = new TypingScreen(typed);
        run(screen, with, options());
        return screen.text();
    }

    private static void run(TypingScreen screen, ChatEngine with, AnswerOptions options) throws IOException {
        screen.talk(with, options);
    }

    private static AnswerOptions options(String... args) {
        return CommandLine.populateCommand(new AnswerOptions(), args);
    }
}
