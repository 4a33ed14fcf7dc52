package dev.longspan.tck;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.spi.BackendOptions;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What is taken for the word of a backend in a process of its own. */
class ChildProcessTest {
    /** A flag of which Java warns. */
    private static final List<String> INCUBATOR = List.of("--add-modules", "jdk.incubator.vector");

    private static String printed(Flaw flaw) throws IOException, InterruptedException {
        ConformanceKit.Settings settings = new ConformanceKit.Settings(
                new BackendOptions(1, BackendOptions.ANY_DEVICE, Map.of(OracleProvider.FLAW, flaw.name())),
                1,
                1,
                1000,
                Duration.ofMinutes(2),
                Optional.empty(),
                Optional.empty(),
                Map.of());
        List<String> printed = new ArrayList<>();
        Reproduction reproduction = new Reproduction(settings, ConformanceKit.rule("P4.process"));
        try (Subject subject = new Subject(new OracleProvider(), settings, reproduction, new ArrayList<>())) {
            ChildProcess.run(subject, QuietProcess.class, INCUBATOR, (ended, folder) -> {
                assertThat(ended.done()).isNotNull();
                printed.add(ended.printed());
            });
        }
        return String.join("", printed);
    }

    @Test
    void whatJavaSaysOfItsFlagsIsNoWordOfTheBackend() throws IOException, InterruptedException {
        assertThat(printed(Flaw.NONE)).isEmpty();
        assertThat(printed(Flaw.PRINTS)).isEqualTo("oracle ready\n");
    }

    @Test
    void norIsWhatTheLoggerSaysOfItself() {
        assertThat(ChildProcess.withoutLogger("SLF4J(W): No SLF4J providers were found.\nready\n"))
                .isEqualTo("ready\n");
        assertThat(ChildProcess.withoutLogger("\n")).isEqualTo("\n");
    }
}
