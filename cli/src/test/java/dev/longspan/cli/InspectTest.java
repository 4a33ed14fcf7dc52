package dev.longspan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.cli.InProcess.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InspectTest {
    @TempDir
    static Path folder;

    @Test
    void tellsWhatWasUnderstoodOfTheNanoModel() {
        Outcome outcome = InProcess.run(folder, "", "inspect");
        assertThat(outcome.code()).isZero();
        assertThat(outcome.err()).isEmpty();
        assertThat(outcome.lines())
                .anyMatch(line -> line.matches("parameters +1,358,824"))
                .anyMatch(line -> line.matches("layers +M\\*EM-M\\*EM- \\(4 Mamba-2, 2 attention, 2 experts, 2 MLP\\)"))
                .anyMatch(line -> line.matches("ends with +.*<\\|im_end\\|> \\(2\\)"))
                .anyMatch(line -> line.matches("  tools +yes, as function-tags"))
                .anyMatch(line -> line.matches("  thinking +on by default"))
                .anyMatch(line -> line.matches("  history +stable"))
                .anyMatch(line -> line.matches("  131,072 tokens +[0-9.]+ MB"));
    }

    @Test
    void aFolderWithoutAModelIsOneLineAndExitCode2() throws IOException {
        Path empty = Files.createDirectories(folder.resolve("empty"));
        Outcome outcome = InProcess.run(folder, "", "inspect", empty.toString());
        assertThat(outcome.code()).isEqualTo(2);
        assertThat(outcome.out()).isEmpty();
        assertThat(outcome.err().lines()).hasSize(1);
        assertThat(outcome.err()).contains("config.json");
    }

    @Test
    void controlCharactersFromAModelsFilesBecomeHarmless() {
        assertThat(Fault.oneLine("a\u001b[31mb\u0007c\u009dd:\n  e")).isEqualTo("a?[31mb?c?d: e");
    }
}
