package dev.longspan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.cli.InProcess.Outcome;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The server as a command. */
@Timeout(120)
class ServeCommandTest {
    private static final Pattern READY =
            Pattern.compile("ready: model (\\S+) .* at (http://127.0.0.1:\\d+/), memory plan: .*");

    @TempDir
    Path folder;

    private Process started(Map<String, String> environment, List<String> command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("XDG_CACHE_HOME", folder.toString());
        builder.environment().put("XDG_DATA_HOME", folder.toString());
        builder.environment().putAll(environment);
        return builder.start();
    }

    private static Matcher ready(BufferedReader lines) throws IOException {
        StringBuilder all = new StringBuilder();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            all.append(line).append('\n');
            Matcher ready = READY.matcher(line);
            if (ready.find()) {
                return ready;
            }
        }
        throw new AssertionError("it did not become ready: " + all);
    }

    private static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private void servesAndEndsInOrder(Map<String, String> environment, List<String> command) throws Exception {
        Process process = started(environment, command);
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            Matcher ready = ready(lines);
            assertThat(ready.group(1)).isEqualTo("small");
            URI address = URI.create(ready.group(2));
            HttpResponse<String> answer = send(HttpRequest.newBuilder(address.resolve("/v1/chat/completions"))
                    .header("Content-Type", "application/json")
                    .header("Authorization", "Bearer the-key-of-the-file")
                    .POST(HttpRequest.BodyPublishers.ofString(
                            "{\"model\": \"small\", \"messages\": [{\"role\": \"user\", "
                                    + "\"content\": \"What is the capital of France?\"}]}")));
            assertThat(answer.body()).contains("Paris");
            assertThat(send(HttpRequest.newBuilder(address.resolve("/v1/models")))
                            .statusCode())
                    .isEqualTo(401);
            process.destroy(); // SIGTERM
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isZero();
        } finally {
            process.destroyForcibly();
        }
    }

    private Path keys() throws IOException {
        return Files.writeString(folder.resolve("keys"), "the-key-of-the-file\n");
    }

    @Test
    void itServesUntilItIsAskedToEnd() throws Exception {
        servesAndEndsInOrder(
                Map.of(
                        "LONGSPAN_SERVICE_HOST",
                        "10.0.0.1",
                        "LONGSPAN_PORT",
                        "tcp://10.0.0.1:8787",
                        "LONGSPAN_PORT_8787_TCP",
                        "x"),
                ChildJvm.onClassPath(
                        "serve",
                        "--request-timeout",
                        "30",
                        "--stop-timeout",
                        "30",
                        "--port",
                        "0",
                        "--model-id",
                        "small",
                        "--api-key-file",
                        keys().toString()));
    }

    @Test
    void soItDoesOnTheModulePathByEnvironmentAndFile() throws Exception {
        Path config = Files.writeString(
                folder.resolve("serve.properties"), "model-id=other \napi-key-file=" + keys() + " \n");
        servesAndEndsInOrder(
                Map.of(
                        "LONGSPAN_MODEL_ID",
                        "small",
                        "LONGSPAN_PORT",
                        "1",
                        "LONGSPAN_CONFIG",
                        config.toString(),
                        // as a variable is that was passed on and not set
                        "LONGSPAN_SNAPSHOTS",
                        "",
                        "LONGSPAN_API_KEY_FILE",
                        "",
                        "LONGSPAN_CORS_ORIGIN",
                        "https://a.example, https://b.example"),
                ChildJvm.onModulePath("serve", "--port", "0"));
    }

    @Test
    void whatItIsToldToKeepWithinHolds() throws Exception {
        Path config = Files.writeString(
                folder.resolve("serve.properties"),
                "max-header=1024\nbody-timeout=5\nmax-running=2\nmax-queued=3\nmax-queued-tokens=1000\n"
                        + "prefix-cache=0\nreader-patience=9\nfull-fingerprint=true\n"
                        + "park-idle-sessions=" + folder.resolve("parked") + "\n"
                        + "snapshots=" + folder.resolve("kept/snapshots") + "\n");
        Process process = started(
                Map.of("LONGSPAN_MAX_STATE", "1", "LONGSPAN_IDLE_TIMEOUT", "30"),
                ChildJvm.onClassPath("serve", "--port", "0", "--config", config.toString()));
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            URI address = URI.create(ready(lines).group(2));
            assertThat(folder.resolve("parked")).isDirectory();
            assertThat(folder.resolve("kept/snapshots")).isDirectory();
            HttpResponse<String> large =
                    send(HttpRequest.newBuilder(address.resolve("/livez")).header("X-Large", "x".repeat(2000)));
            assertThat(large.statusCode()).isEqualTo(431);
            HttpResponse<String> crowded = send(HttpRequest.newBuilder(address.resolve("/v1/generate/nano"))
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString("{\"prompt\": \"x\", \"max_new_tokens\": 1}")));
            assertThat(crowded.body()).contains("context_length_exceeded").contains("at most 1 bytes");
        } finally {
            process.destroyForcibly();
        }
    }

    private static void talk(URI address, String session) throws Exception {
        for (String path : List.of("v1/sessions", "v1/chat/completions")) {
            String more =
                    path.endsWith("sessions") ? "" : ", \"messages\": [{\"role\": \"user\", \"content\": \"Hello\"}]";
            HttpResponse<String> answer = send(HttpRequest.newBuilder(address.resolve("/" + path))
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString("{\"session_id\": \"" + session + "\"" + more + "}")));
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aServerThatCannotSaveItsSessionsDoesNotEndWell(boolean verbose) throws Exception {
        Path snapshots = folder.resolve("store");
        List<String> args =
                new ArrayList<>(List.of("serve", "--port", "0", "--save-on-stop", "--snapshots", snapshots.toString()));
        if (verbose) {
            args.add("--verbose");
        }
        Process process = started(Map.of(), ChildJvm.onClassPath(args.toArray(String[]::new)));
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            URI address = URI.create(ready(lines).group(2));
            talk(address, "first");
            talk(address, "second");
            Files.move(snapshots, folder.resolve("elsewhere"));
            Files.writeString(snapshots, "a file");
            process.toHandle().destroy(); // SIGTERM, and what it prints can still be read
            List<String> told = lines.lines().toList();
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isEqualTo(1);
            assertThat(told.get(told.size() - 1))
                    .startsWith("longspan: ended, but these sessions could not be saved: ")
                    .contains("first", "second");
            assertThat(told.stream().anyMatch(line -> line.startsWith("\tat ")))
                    .as("%s", told)
                    .isEqualTo(verbose);
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void aModelThatCannotBeLoadedIsSaidInPlainWords() throws Exception {
        Path empty = Files.createDirectories(folder.resolve("empty"));
        for (String[] option : new String[][] {{"--backend", "nope"}, {"--model", empty.toString()}}) {
            Outcome plain = run(Map.of(), "serve", "--port", "0", option[0], option[1]);
            assertThat(plain.code()).isEqualTo(2);
            assertThat(plain.out()).contains(option[1]).doesNotContain("\tat ");
        }
        Outcome verbose = run(Map.of(), "serve", "--port", "0", "--backend", "nope", "--verbose");
        assertThat(verbose.code()).isEqualTo(2);
        assertThat(verbose.out()).contains("nope", "\tat ");
    }

    private Outcome run(Map<String, String> environment, String... args) throws Exception {
        Process process = started(environment, ChildJvm.onClassPath(args));
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Outcome(process.waitFor(), printed, "");
    }

    @Test
    void whatIsWrongIsSaidBeforeItBegins() throws Exception {
        Outcome port = run(Map.of("LONGSPAN_PORT", "many"), "serve");
        assertThat(port.code()).isEqualTo(2);
        assertThat(port.out()).contains("--port").contains("many");
        Outcome unknown = run(Map.of("LONGSPAN_PROT", "1"), "serve");
        assertThat(unknown.code()).isEqualTo(2);
        assertThat(unknown.out()).contains("LONGSPAN_PROT");
        Path config = Files.writeString(folder.resolve("bad.properties"), "prot=1\n");
        Outcome file = run(Map.of(), "serve", "--config", config.toString());
        assertThat(file.code()).isEqualTo(2);
        assertThat(file.out()).contains("prot in the properties file");
        assertThat(run(Map.of(), "serve", "--config", "/no/such").out()).contains("/no/such");
        Outcome store = run(Map.of(), "serve", "--tls-key-store", "/no/such", "--port", "0");
        assertThat(store.code()).isEqualTo(2);
        assertThat(store.out()).contains("key store /no/such");
        Outcome open = run(Map.of(), "serve", "--host", "0.0.0.0", "--port", "0");
        assertThat(open.code()).isEqualTo(2);
        assertThat(open.out()).contains("0.0.0.0");
        assertThat(run(Map.of("LONGSPAN_VERSION", "1.2.3"), "serve", "--max-concurrent", "2147483647")
                        .out())
                .contains("--max-concurrent", "100000");
        assertThat(run(Map.of(), "serve", "--max-temperature", "Infinity").out())
                .contains("--max-temperature");
        assertThat(run(Map.of(), "serve", "--on-cancel", "never").out()).contains("--on-cancel", "never");
        assertThat(run(Map.of(), "serve", "--model", "/no/such/folder").code()).isEqualTo(2);
        String one = folder.resolve("one").toString();
        Outcome shared = run(Map.of(), "serve", "--snapshots", one, "--park-idle-sessions", one + "/../one");
        assertThat(shared.code()).isEqualTo(2);
        assertThat(shared.out()).contains("--park-idle-sessions: expected a folder of its own");
        Path few = Files.writeString(folder.resolve("few.keys"), "# none\nlong enough\nshort\n");
        assertThat(run(Map.of(), "serve", "--api-key-file", few.toString()).out())
                .contains("few.keys, found one of 5 in line 3");
    }

    @Test
    void helpListsAllOptionsWithTheirDefaults() throws Exception {
        Outcome help = run(Map.of("LONGSPAN_NOTHING", "x", "LONGSPAN_VERSION", "1.2.3"), "serve", "--help");
        assertThat(help.code()).isZero();
        assertThat(help.out())
                .contains("--port", "(8787)", "--host", "(127.0.0.1)", "--api-key-file", "--stop-timeout", "(30)")
                .contains("LONGSPAN_MAX_CONTEXT", "max-context=8192");
    }
}
