package dev.longspan.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.longspan.backend.BackendChoice;
import dev.longspan.cli.InProcess.Outcome;
import dev.longspan.spi.BackendOptions;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(90)
class ProcessTest {
    private static final Path SCRIPT = Path.of("/usr/bin/script");
    private static final Path TIMEOUT = Path.of("/usr/bin/timeout");
    private static final String PROMPT = "\u001b[?2004h";
    private static final String LINE_READ = "\u001b[?2004l";

    private static final String[] ENDLESS = {"chat", "--temperature", "100", "--seed", "3", "--max-tokens", "100000"};

    @TempDir
    static Path folder;

    @Test
    void theCommandRunsOnTheModulePath() throws IOException, InterruptedException {
        Outcome outcome = ChildJvm.run(folder, "What is the capital of France?\n", ChildJvm.onModulePath("chat"));
        assertThat(outcome.err()).isEmpty();
        assertThat(outcome.out()).contains("Paris");
        assertThat(outcome.code()).isZero();
    }

    @Test
    void modulesChooseTheSameBackend() throws IOException, InterruptedException {
        Outcome outcome =
                ChildJvm.run(folder, "What is the capital of France?\n", ChildJvm.onModulePath("chat", "--verbose"));
        assertThat(outcome.err()).contains(chosenBackend());
    }

    private static String chosenBackend() {
        BackendChoice choice = BackendChoice.probeAll(BackendOptions.defaults());
        return "on backend " + choice.best().provider().id() + " ";
    }

    @Test
    void theExitCodeOfTheProcessIsTheCommands() throws IOException, InterruptedException {
        Outcome outcome = ChildJvm.run(folder, "", ChildJvm.onClassPath("chat", "--model", "/no/such/folder"));
        assertThat(outcome.code()).isEqualTo(2);
        assertThat(outcome.err().lines()).hasSize(1);
    }

    @Test
    void verboseSpeaksOnStandardErrorOnly() throws IOException, InterruptedException {
        Outcome outcome =
                ChildJvm.run(folder, "What is the capital of France?\n", ChildJvm.onClassPath("chat", "--verbose"));
        assertThat(outcome.lines()).hasSize(1);
        assertThat(outcome.out()).contains("Paris");
        assertThat(outcome.err()).contains(chosenBackend());
    }

    @Test
    void inAPseudoTerminalControlCStopsTheAnswerAndControlDLeaves() throws IOException, InterruptedException {
        interruptInAPseudoTerminal(ChildJvm.onClassPath(ENDLESS));
    }

    @Test
    void soItDoesOnTheModulePath() throws IOException, InterruptedException {
        interruptInAPseudoTerminal(ChildJvm.onModulePath(ENDLESS));
    }

    private static void interruptInAPseudoTerminal(List<String> chat) throws IOException, InterruptedException {
        assumeThat(SCRIPT).isExecutable();
        assumeThat(TIMEOUT).isExecutable();
        String line = "stty cols 120 rows 40; exec "
                + chat.stream().map(word -> "'" + word + "'").collect(Collectors.joining(" "));
        // a read of a process cannot be interrupted, so the process ends by itself
        ProcessBuilder builder =
                new ProcessBuilder(TIMEOUT.toString(), "50", SCRIPT.toString(), "-qec", line, "/dev/null");
        builder.environment().put("XDG_CACHE_HOME", folder.toString());
        builder.environment().put("XDG_DATA_HOME", folder.toString());
        builder.environment().put("TERM", "xterm");
        Process process = builder.redirectErrorStream(true).start();
        try (OutputStream keys = process.getOutputStream();
                InputStream screen = process.getInputStream()) {
            StringBuilder shown = new StringBuilder();
            int prompt = readTo(screen, shown, PROMPT, 0);
            press(keys, "Hello\r");
            int asked = readTo(screen, shown, LINE_READ, prompt);
            readTo(screen, shown, " ", asked);
            press(keys, "\u0003");
            int stopped = readTo(screen, shown, "[stopped]", asked);
            prompt = readTo(screen, shown, PROMPT, stopped);
            press(keys, "/stats\r");
            int told = readTo(screen, shown, "tokens a second", prompt);
            readTo(screen, shown, PROMPT, told);
            press(keys, "\u0004");
            screen.readAllBytes();
        } finally {
            process.destroy();
        }
        assertThat(process.waitFor()).isZero();
    }

    private static void press(OutputStream keys, String text) throws IOException {
        keys.write(text.getBytes(StandardCharsets.UTF_8));
        keys.flush();
    }

    /** Reads until a text is shown behind a place, and returns the place behind it. */
    private static int readTo(InputStream screen, StringBuilder shown, String text, int from) throws IOException {
        while (shown.indexOf(text, from) < 0) {
            int next = screen.read();
            assertThat(next).as("the program ended; it showed %s", shown).isNotNegative();
            shown.append((char) next);
        }
        return shown.indexOf(text, from) + text.length();
    }
}
