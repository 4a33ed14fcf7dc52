package dev.longspan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.longspan.cli.InProcess.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CommandLineTest {
    @TempDir
    static Path folder;

    @ParameterizedTest
    @CsvSource({
        "--bogus, --bogus",
        "--temperature x, --temperature",
        "--temperature -1, --temperature: expected",
        "--threads 0, --threads: expected",
        "--max-tokens 0, --max-tokens: expected",
        "--max-context 1, --max-context: expected",
        "--backend nope, nope",
        "--device nope:7, nope:7",
        "--model /no/such/folder, /no/such/folder",
        "more words, more",
    })
    void aWrongStartIsOneLineThatNamesTheCulpritAndExitCode2(String options, String culprit) {
        Outcome outcome = InProcess.run(folder, "Hello\n", ("chat " + options).split(" "));
        assertThat(outcome.code()).isEqualTo(2);
        assertThat(outcome.out()).isEmpty();
        assertThat(outcome.err().lines()).hasSize(1);
        assertThat(outcome.err()).startsWith("longspan: ").contains(culprit);
    }

    @Test
    void aFolderWithoutAModelIsNamedTogetherWithTheMissingFile() throws IOException {
        Path empty = Files.createDirectories(folder.resolve("an empty folder"));
        Outcome outcome = InProcess.run(folder, "Hello\n", "chat", "--model", empty.toString());
        assertThat(outcome.code()).isEqualTo(2);
        assertThat(outcome.err().lines()).hasSize(1);
        assertThat(outcome.err()).contains(empty.toString()).contains("config.json");
    }

    @Test
    void aFileIsNoModelFolder() throws IOException {
        Path file = Files.writeString(folder.resolve("a file"), "x");
        Outcome outcome = InProcess.run(folder, "Hello\n", "chat", "--model", file.toString());
        assertThat(outcome.code()).isEqualTo(2);
        assertThat(outcome.err()).contains("expected a folder").contains(file.toString());
    }

    @ParameterizedTest
    @CsvSource({"--backend nope, nope", "--bogus, --bogus", "--model /no/such/folder, /no/such/folder"})
    void jsonTellsAWrongStartOnStandardOutput(String options, String culprit) throws IOException {
        Outcome outcome = InProcess.run(folder, "Hello\n", ("chat --json " + options).split(" "));
        assertThat(outcome.code()).isEqualTo(2);
        assertThat(outcome.lines()).hasSize(1);
        JsonNode error = new ObjectMapper().readTree(outcome.out());
        assertThat(error.path("type").asText()).isEqualTo("error");
        assertThat(error.path("message").asText()).contains(culprit);
        assertThat(outcome.err().lines()).hasSize(1);
    }

    @Test
    void helpAndVersionGoToStandardOutput() {
        assertThat(InProcess.run(folder, "", "--help").out()).contains("chat");
        assertThat(InProcess.run(folder, "", "chat", "--help").out())
                .contains("--model", "--backend", "--device", "--threads", "--no-think", "--temperature")
                .contains("--max-tokens", "--max-context", "--seed", "--system", "--json", "--verbose");
        Outcome version = InProcess.run(folder, "", "--version");
        assertThat(version.out()).matches("longspan \\d+\\.\\d+.*\\(Java .*\\)\\R");
        assertThat(version.code()).isZero();
    }

    @Test
    void withoutACommandOneLineSaysWhatIsExpected() {
        Outcome outcome = InProcess.run(folder, "");
        assertThat(outcome.code()).isEqualTo(2);
        assertThat(outcome.err().lines()).hasSize(1);
        assertThat(outcome.err()).contains("chat");
    }

    @Test
    void aMessageOfSeveralLinesIsFolded() {
        assertThat(Fault.oneLine("there are:\n  a: broken\n  b: gone\n")).isEqualTo("there are: a: broken; b: gone");
    }
}
