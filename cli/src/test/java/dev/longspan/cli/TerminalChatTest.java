package dev.longspan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.ChatEngine;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.impl.LineDisciplineTerminal;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

@Timeout(60)
class TerminalChatTest {
    private static final String DIM = "\u001b[2m";
    private static final String CTRL_C = "\u0003";
    private static final String CTRL_D = "\u0004";

    @TempDir
    static Path cache;

    private static ChatEngine engine;

    @BeforeAll
    static void openEngine() {
        Surroundings surroundings =
                InProcess.surroundings(cache, "", new ByteArrayOutputStream(), new ByteArrayOutputStream());
        engine = ChatEngine.builder().model(NanoModel.unpack(surroundings)).build();
    }

    @AfterAll
    static void closeEngine() {
        engine.close();
    }

    @Test
    void theBannerTellsModelAndBackend() throws IOException {
        assertThat(talk("/quit\r")).contains("nano-").contains("reference").contains("/help");
    }

    @Test
    void theAnswerIsShownAndThinkingIsDimmed() throws IOException {
        String shown = talk("What is 27 + 15?\r", "/quit\r");
        assertThat(shown).contains("42");
        int banner = shown.indexOf(DIM);
        assertThat(shown.indexOf(DIM, banner + 1)).isPositive();
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
        assertThat(talk(CTRL_D)).doesNotContain("error");
    }

    @Test
    void controlCAtThePromptStays() throws IOException {
        String shown = talk(CTRL_C, "/stats\r", "/quit\r");
        assertThat(shown).contains("Ctrl-D or /quit leaves").contains("0 messages");
    }

    @Test
    void aFailedTurnIsSaidAndLeavesNoTrace() throws IOException {
        try (ChatEngine small = ChatEngine.builder()
                .model(NanoModel.unpack(
                        InProcess.surroundings(cache, "", new ByteArrayOutputStream(), new ByteArrayOutputStream())))
                .maxContextTokens(100)
                .build()) {
            String shown = talk(small, "word ".repeat(120) + "\r", "/stats\r", "/quit\r");
            assertThat(shown).contains("error: ").contains("0 messages");
        }
    }

    @Test
    void controlCStopsTheAnswerAndNotTheProgram() throws IOException {
        AnswerOptions endless = options("--temperature", "100", "--seed", "3", "--max-tokens", "100000");
        InterruptingScreen screen = new InterruptingScreen("Hello\r", "/help\r", "/quit\r");
        run(screen, engine, endless);
        assertThat(screen.text()).contains("[stopped]");
        assertThat(screen.text().indexOf("/clear")).isGreaterThan(screen.text().indexOf("[stopped]"));
    }

    private static String talk(String... typed) throws IOException {
        return talk(engine, typed);
    }

    private static String talk(ChatEngine with, String... typed) throws IOException {
        Screen screen = new Screen(typed);
        run(screen, with, options());
        return screen.text();
    }

    private static void run(Screen screen, ChatEngine with, AnswerOptions options) throws IOException {
        try (LineDisciplineTerminal terminal =
                new LineDisciplineTerminal("test", "xterm", screen, StandardCharsets.UTF_8)) {
            terminal.setSize(new Size(200, 50));
            screen.keys = terminal;
            int code = new TerminalChat(terminal, with, new Conversation(with, options)).run();
            assertThat(code).isZero();
        }
    }

    private static AnswerOptions options(String... args) {
        return CommandLine.populateCommand(new AnswerOptions(), args);
    }

    /** What the terminal shows, and a person who types the next piece at each prompt. */
    private static class Screen extends OutputStream {
        private static final String PROMPT = "\u001b[?2004h";

        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final Deque<String> typed;
        private int seen;
        LineDisciplineTerminal keys;

        Screen(String... typed) {
            this.typed = new ArrayDeque<>(List.of(typed));
        }

        @Override
        public void write(int b) throws IOException {
            bytes.write(b);
            int prompt = text().indexOf(PROMPT, seen);
            if (prompt >= 0) {
                seen = prompt + 1;
                keys.processInputBytes(typed.remove().getBytes(StandardCharsets.UTF_8));
            }
        }

        String text() {
            return bytes.toString(StandardCharsets.UTF_8);
        }
    }

    /** Presses Ctrl-C once, as soon as a word of the first answer is shown. */
    private static final class InterruptingScreen extends Screen {
        private static final String LINE_READ = "\u001b[?2004l";

        private boolean done;

        InterruptingScreen(String... typed) {
            super(typed);
        }

        @Override
        public void write(int b) throws IOException {
            super.write(b);
            int at = text().indexOf(LINE_READ);
            if (!done
                    && at >= 0
                    && text().substring(at + LINE_READ.length()).strip().length() > DIM.length()) {
                done = true;
                keys.raise(Terminal.Signal.INT);
            }
        }
    }
}
