package dev.longspan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.cli.InProcess.Outcome;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.Model.OptionSpec;

/** What the server refuses to start with. */
@Timeout(120)
class ServeOptionsTest {
    @TempDir
    static Path folder;

    private static String refusal(String... options) {
        List<String> args = new ArrayList<>(List.of("serve"));
        args.addAll(List.of(options));
        if (!args.contains("--port")) {
            args.addAll(List.of("--port", "0"));
        }
        Outcome outcome = InProcess.run(folder, "", args.toArray(String[]::new));
        assertThat(outcome.code()).as(outcome.err()).isEqualTo(2);
        assertThat(outcome.out()).isEmpty();
        assertThat(outcome.err().lines()).as("not even listening").hasSize(1);
        return outcome.err().strip();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--max-body | 0 | expected at least 1, found 0",
                "--max-header | 1023 | expected at least 1024, found 1023",
                "--max-messages | 0 | expected at least 1, found 0",
                "--max-tools | -1 | expected at least 0, found -1",
                "--max-concurrent | 0 | expected at least 1, found 0",
                "--max-concurrent-per-key | -1 | expected at least 0, found -1",
                "--max-tokens | -1 | expected at least 0, found -1",
                "--max-temperature | 0 | expected a number above 0, found 0.0",
                "--request-timeout | -1 | expected at least 0 s, found -1",
                "--body-timeout | 0 | expected at least 1 s, found 0",
                "--write-timeout | 0 | expected at least 1 s, found 0",
                "--idle-timeout | 0 | expected at least 1 s, found 0",
                "--stop-timeout | -1 | expected at least 0 s, found -1",
                "--reader-patience | 0 | expected at least 1 s, found 0",
                "--max-running | 0 | expected at least 1, found 0",
                "--max-queued | 0 | expected at least 1, found 0",
                "--max-queued-tokens | 0 | expected at least 1, found 0",
                "--max-state | 0 | expected at least 1, found 0",
                "--prefix-cache | -1 | expected at least 0, found -1",
                "--max-context | 1 | expected at least 2, found 1",
                "--threads | 0 | expected 1 to",
                "--api-key-file | /no/such | cannot read /no/such",
                "--tls-key-store | /no/such | cannot read the key store /no/such",
                "--tls-password | word | expected --tls-key-store, too",
                "--host | 0.0.0.0 | expected a key for an address that others reach",
                "--port | 65536 | expected 0 to 65535, found 65536",
                "--model-id | '' | expected a name, found ''",
                "--cors-origin | not an origin | expected scheme://host[:port]",
                "--cors-origin | https://friend.example/ | expected scheme://host[:port]",
                "--allowed-host | a b | expected a host's name or address",
            })
    void aWrongSettingIsOneLineThatNamesItsOption(String option, String value, String problem) {
        assertThat(refusal(option, value)).startsWith("longspan: " + option + ": " + problem);
    }

    @Test
    void aKeyThatIsTooShortIsOneOfTheFile() throws Exception {
        Path keys = Files.writeString(folder.resolve("short"), "short\n");
        assertThat(refusal("--api-key-file", keys.toString()))
                .contains("--api-key-file: expected keys of at least 8 characters")
                .contains("line 1");
    }

    @Test
    void aKeyStoreWithoutAPrivateKeyIsNone() throws Exception {
        Path file = folder.resolve("empty.p12");
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (OutputStream target = Files.newOutputStream(file)) {
            store.store(target, "changeit".toCharArray());
        }
        assertThat(refusal("--tls-key-store", file.toString(), "--tls-password", "changeit"))
                .contains("--tls-key-store: expected a private key in the key store " + file);
    }

    @Test
    void snapshotsNeedAFolder() throws Exception {
        Path file = Files.writeString(folder.resolve("a file"), "x");
        assertThat(refusal("--snapshots", file.toString())).contains(file + ": cannot be used for snapshots");
        Path below = file.resolve("below");
        assertThat(refusal("--snapshots", below.toString())).contains(below + ": cannot be used for snapshots");
        assertThat(file).hasContent("x");
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void snapshotsNeedAFolderThatCanBeWritten() {
        // nobody makes a file there, whatever the rights
        assertThat(refusal("--snapshots", "/proc/self/task"))
                .contains("/proc/self/task: cannot be used for snapshots: ");
    }

    @Test
    void idleSessionsNeedAFolder() throws Exception {
        Path file = Files.writeString(folder.resolve("another file"), "x");
        Outcome outcome = InProcess.run(folder, "", "serve", "--port", "0", "--park-idle-sessions", file.toString());
        assertThat(outcome.code()).isEqualTo(2);
        assertThat(outcome.err())
                .contains(file + ": cannot be used for parked sessions")
                .doesNotContain("ready: ");
    }

    @Test
    void aPropertiesFileNamesNoOther() throws Exception {
        Path config = Files.writeString(folder.resolve("serve.properties"), "config=other.properties\n");
        assertThat(refusal("--config", config.toString()))
                .isEqualTo("longspan: there is no option for config in the properties file");
    }

    @Test
    void aPropertiesFileGivesValues() throws Exception {
        Path config = Files.writeString(folder.resolve("empty.properties"), "save-on-stop\napi-key-file=\n");
        assertThat(refusal("--config", config.toString()))
                .isEqualTo("longspan: --api-key-file has no value in the properties file");
        GivenDefaults given = new GivenDefaults(Map.of(), List.of("--config", config.toString()));
        OptionSpec option =
                OptionSpec.builder("--save-on-stop").type(boolean.class).build();
        assertThat(given.defaultValue(option)).isEqualTo("true");
    }

    @ParameterizedTest
    @ValueSource(strings = {"help", "version"})
    void aPropertiesFileAsksForNoHelp(String name) throws Exception {
        Path config = Files.writeString(folder.resolve(name + ".properties"), name + "=true\n");
        assertThat(refusal("--config", config.toString()))
                .isEqualTo("longspan: there is no option for " + name + " in the properties file");
    }

    @Test
    void whatTheEngineMayTakeOnHasOptionsWithTheirDefaults() {
        String help = InProcess.run(folder, "", "serve", "--help").out().replaceAll("\\s+", " ");
        for (String option : List.of(
                "--max-header=BYTES The largest head of a request (16384)",
                "--body-timeout=SECONDS How long the head of a request may take to arrive, and then its body (60)",
                "--idle-timeout=SECONDS How long a connection may be open without a request; longer than a proxy keeps it (75)",
                "--reader-patience=SECONDS How long an answer waits for a reader who is far behind (300)",
                "backend can (64)",
                "for their turn (256)",
                "in all (2097152)",
                "--max-state=BYTES",
                "--prefix-cache=BYTES",
                "268435456",
                "--park-idle-sessions=DIR",
                "--max-json-depth=N How deep a body may be nested (64)",
                "--max-schema=BYTES The largest JSON schema (65536)",
                "--max-schema-depth=N How deep a schema may be nested (16)",
                "--max-schema-values=N The most values of a schema (16384)",
                "--max-regex=N The longest regular expression, in characters (4096)",
                "--max-grammar=N The longest grammar, in characters (8192)",
                "--full-fingerprint")) {
            assertThat(help).contains(option);
        }
    }
}
