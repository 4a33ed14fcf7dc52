package dev.longspan.tck;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
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
    void oneThatDoesNotExitsWithOneAndTellsWhatToLookAt() {
        int status = run("--backend", "oracle", "--setting", "flaw=ARG_MAX_IS_THE_LAST", "--rule", "L2.lowest");
        assertThat(status).isEqualTo(1);
        assertThat(printed.toString())
                .contains("FAILED", "look at: a reduction that keeps the later of two equal numbers")
                .contains("does NOT conform: 1 failed");
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
