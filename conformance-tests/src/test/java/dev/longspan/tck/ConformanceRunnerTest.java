package dev.longspan.tck;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.spi.Availability;
import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.BackendProvider;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The kit as a command. */
class ConformanceRunnerTest {
    @TempDir
    Path folder;

    private final StringWriter printed = new StringWriter();

    private int run(String... args) {
        return new ConformanceRunner(new PrintWriter(printed)).run(args);
    }

    @Test
    void aBackendThatConformsExitsWithZeroAndAReport() throws IOException {
        Path report = folder.resolve("report.json");
        int status = run(
                "--backend",
                "oracle",
                "--rule",
                "P2.name",
                "--rule",
                "L2.lowest",
                "--tries",
                "1",
                "--seed",
                "7",
                "--report",
                report.toString());
        assertThat(printed.toString()).contains("backend 'oracle', seed 7", "P2.name", "conforms: 2 passed");
        assertThat(status).isZero();
        Map<String, Object> json = Json.object(Json.parse(Files.readString(report)));
        assertThat(json.get("conforms")).isEqualTo(true);
        assertThat(Json.array(json.get("rules"))).hasSize(2);
        assertThat(Json.object(Json.array(json.get("rules")).get(1)).get("status"))
                .isEqualTo("PASSED");
    }

    @Test
    void aRuleThatIsNamedTwiceIsCheckedOnce() {
        assertThat(run("--backend", "oracle", "--rule", "P2.name", "--rule", "P2.name", "--seed", "random"))
                .as(printed.toString())
                .isZero();
        assertThat(printed.toString()).contains("conforms: 1 passed").doesNotContain("seed random");
    }

    @Test
    void oneThatDoesNotExitsWithOneAndTellsWhatToLookAt() {
        int status = run("--backend", "oracle", "--setting", "flaw=ARG_MAX_IS_THE_LAST", "--rule", "L2.lowest");
        assertThat(status).isEqualTo(1);
        assertThat(printed.toString())
                .contains("FAILED", "look at: a reduction that keeps the later of two equal numbers")
                .contains("does NOT conform: 1 failed");
    }

    @Test
    void aReportTellsHowTheRulesWereRunAndWhatIsNotProved() throws IOException {
        Path report = folder.resolve("report.json");
        assertThat(run(
                        "--backend",
                        "oracle",
                        "--rule",
                        "X1.across",
                        "--setting",
                        "flaw=NONE",
                        "--device",
                        "cpu",
                        "--long",
                        "2000",
                        "--report",
                        report.toString()))
                .isEqualTo(1);
        assertThat(printed.toString()).contains("SKIPPED", ConformanceReport.CHECKS_NOTHING);
        Map<String, Object> json = Json.object(Json.parse(Files.readString(report)));
        assertThat(json.get("conforms")).isEqualTo(false);
        assertThat(json.get("unproved")).isEqualTo(List.of(ConformanceReport.CHECKS_NOTHING));
        assertThat(json.get("settings")).isEqualTo(Map.of("flaw", "NONE"));
        assertThat(json.get("device")).isEqualTo("cpu");
        assertThat(Files.readString(report)).contains("\"tries\": 6", "\"longTokens\": 2000", "\"threads\": 2");
    }

    /** Lists a provider in a folder, which can then be on the class path. */
    private String listed(String provider) throws IOException {
        Path services = Files.createDirectories(folder.resolve("META-INF/services"));
        Files.writeString(services.resolve(BackendProvider.class.getName()), provider);
        return folder.toString();
    }

    @Test
    void aProviderThatCannotBeLoadedIsToldAndHidesNoOther() throws IOException {
        String path = listed("broken.Provider");
        String type = OracleProvider.class.getSimpleName() + ".class";
        Path broken = Files.createDirectories(folder.resolve("broken")).resolve("Provider.class");
        try (InputStream bytes = OracleProvider.class.getResourceAsStream(type)) {
            Files.copy(bytes, broken); // a class of another name, which is a LinkageError
        }
        assertThat(run("--class-path", path, "--backend", "broken")).isEqualTo(2);
        assertThat(printed.toString())
                .contains(
                        "a provider cannot be loaded: java.lang.NoClassDefFoundError", "there is no backend 'broken'");
        assertThat(run("--class-path", path, "--backend", "oracle", "--rule", "P2.service"))
                .isZero();
        listed("no.such.Provider");
        assertThat(run("--class-path", path, "--backend", "oracle", "--rule", "P2.service"))
                .isZero();
        assertThat(printed.toString()).contains("Provider no.such.Provider not found");
        listed(Unmade.class.getName());
        assertThat(run("--class-path", path, "--backend", "oracle", "--rule", "P2.service"))
                .isZero();
        assertThat(printed.toString()).contains("cannot be made, or tell its id", "the natives are missing");
    }

    /** A provider that cannot be made. */
    public static final class Unmade extends Hanging {
        /** Fails. */
        public Unmade() {
            throw new UnsatisfiedLinkError("the natives are missing");
        }
    }

    /** A provider that never answers. */
    public static class Hanging implements BackendProvider {
        @Override
        public String id() {
            return "hanging";
        }

        @Override
        public int spiVersion() {
            return 1;
        }

        @Override
        public Availability probe(BackendOptions options) {
            OracleState.hang();
            throw new IllegalStateException("it was interrupted");
        }

        @Override
        public Backend open(BackendOptions options) {
            OracleState.hang();
            throw new IllegalStateException("it was interrupted");
        }
    }

    @Test
    void aBackendThatHangsEndsWithAReport() throws IOException {
        String path = listed(Hanging.class.getName());
        Path report = folder.resolve("report.json");
        assertThat(run(
                        "--class-path",
                        path,
                        "--backend",
                        "hanging",
                        "--rule",
                        "P2.name",
                        "--timeout",
                        "1",
                        "--report",
                        report.toString()))
                .isEqualTo(1);
        assertThat(printed.toString()).contains("the probe failed", "FAILED", "did not end within 1 s");
        assertThat(Json.object(Json.parse(Files.readString(report))).get("conforms"))
                .isEqualTo(false);
    }

    /** A provider whose backend ends the process, as if all were well. */
    public static final class Exiting extends Hanging {
        @Override
        public Availability probe(BackendOptions options) {
            return new Availability.Available(0, List.of(OracleProvider.DEVICE), List.of());
        }

        @Override
        public Backend open(BackendOptions options) {
            System.exit(0);
            throw new IllegalStateException("it goes on");
        }
    }

    @Test
    void aBackendThatEndsTheProcessIsToldAndDoesNotConform() throws IOException, InterruptedException {
        String path = listed(Exiting.class.getName());
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path") + File.pathSeparator + System.getProperty("jdk.module.path", ""),
                Main.class.getName(),
                "--class-path",
                path,
                "--backend",
                "hanging",
                "--rule",
                "P2.name");
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isEqualTo(2);
        assertThat(said)
                .contains("ended before there was a verdict, by thread 'conformance P2.name' at [")
                .contains("Exiting.open");
    }

    @Test
    void aStarOnTheClassPathStandsForAllJarsOfAFolder() throws IOException {
        for (String name : List.of("a.jar", "b.JAR", "c.txt")) {
            Files.createFile(folder.resolve(name));
        }
        assertThat(ClassPath.urls(folder + "/*" + File.pathSeparator + folder))
                .extracting(url -> Path.of(URI.create(url.toString())))
                .containsExactly(folder.resolve("a.jar"), folder.resolve("b.JAR"), folder);
    }

    @Test
    void aKnownDeviationIsNoFailure() {
        assertThat(run(
                        "--backend",
                        "oracle",
                        "--setting",
                        "flaw=ARG_MAX_IS_THE_LAST",
                        "--rule",
                        "L2.lowest",
                        "--deviation",
                        "L2.lowest=as fast as it is"))
                .isZero();
        assertThat(printed.toString()).contains("KNOWN_DEVIATION", "as fast as it is");
    }

    @Test
    void misuseExitsWithTwoAndNamesTheCulprit() {
        assertThat(run("--backend", "nobody")).isEqualTo(2);
        assertThat(run("--colour", "red")).isEqualTo(2);
        assertThat(run("--rule", "Q9.none")).isEqualTo(2);
        assertThat(run("--tries", "many")).isEqualTo(2);
        assertThat(run("--long", "10")).isEqualTo(2);
        assertThat(run("--class-path", "/no/such/*")).isEqualTo(2);
        assertThat(run("--list", "--bogus")).isEqualTo(2);
        assertThat(run(
                        "--backend",
                        "oracle",
                        "--report",
                        folder.resolve("none/x.json").toString()))
                .isEqualTo(2);
        assertThat(run("--backend", "oracle", "--memory-setting", "noSuchSetting"))
                .isEqualTo(2);
        assertThat(run("--backend", "oracle", "--rule", "P2.name", "--deviation", "L2.lowest=why"))
                .isEqualTo(2);
        assertThat(printed.toString())
                .contains(
                        "--long: expected 1000 to 2147483647, found 10",
                        "--class-path: there is no folder /no/such",
                        "--list: expected nothing beside it",
                        "--report: cannot write",
                        "--memory-setting noSuchSetting: ",
                        "--deviation: the rule L2.lowest is not among those that are checked");
        assertThat(run("--seed")).isEqualTo(2);
        assertThat(run("--class-path", "/no/such.jar")).isEqualTo(2);
        assertThat(run("--backend", "oracle", "--deviation", "why")).isEqualTo(2);
        assertThat(printed.toString())
                .contains("there is no backend 'nobody' among", "--colour", "Q9.none", "--tries", "'many'")
                .contains("--seed: expected a value", "/no/such.jar", "NAME=VALUE");
    }

    @Test
    void theRulesAreListed() {
        assertThat(run("--list")).isZero();
        assertThat(printed.toString().lines().count())
                .isEqualTo(ConformanceKit.rules().size());
        assertThat(run("--help")).isZero();
        assertThat(printed.toString()).contains("--memory-setting");
    }
}
