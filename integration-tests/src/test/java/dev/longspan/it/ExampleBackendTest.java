package dev.longspan.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The example of a backend by somebody else is built as they would build it: from the published artifacts alone. */
@Timeout(300)
class ExampleBackendTest {
    private static final String VERSION = "0.1.0-SNAPSHOT";
    private static final Path ROOT = Path.of(System.getProperty("longspan.root"));

    @TempDir
    Path folder;

    @BeforeEach
    void requireJars() {
        assumeTrue(
                Files.exists(jar("spi", "")) && Files.exists(jar("conformance-tests", "-all")),
                "the jars are made in the phase 'package': run verify");
    }

    private static Path jar(String module, String classifier) {
        return ROOT.resolve(module + "/target/longspan-" + module + "-" + VERSION + classifier + ".jar");
    }

    /** Puts an artifact where Maven looks for it. */
    private void install(String artifact, Path pom, Path jar) throws IOException {
        Path home = Files.createDirectories(
                folder.resolve("repository/dev/longspan").resolve(artifact).resolve(VERSION));
        Files.copy(pom, home.resolve(artifact + "-" + VERSION + ".pom"));
        if (jar != null) {
            Files.copy(jar, home.resolve(artifact + "-" + VERSION + ".jar"));
        }
    }

    private Path example() throws IOException {
        Path source = ROOT.resolve("examples/plain-backend");
        Path copy = folder.resolve("plain-backend");
        try (Stream<Path> files = Files.walk(source)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path relative = source.relativize(file);
                if (!relative.startsWith("target")) {
                    Path target = copy.resolve(relative);
                    Files.createDirectories(target.getParent());
                    Files.copy(file, target);
                }
            }
        }
        return copy;
    }

    private String run(Path where, List<String> command) throws IOException, InterruptedException {
        Path printed = folder.resolve("printed");
        Process process = new ProcessBuilder(command)
                .directory(where.toFile())
                .redirectErrorStream(true)
                .redirectOutput(printed.toFile())
                .start();
        if (!process.waitFor(240, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
        }
        String text = Files.readString(printed);
        assertThat(process.exitValue()).as(text).isZero();
        return text;
    }

    @Test
    void itConformsInABuildOfItsOwnAndByTheCommand() throws IOException, InterruptedException {
        install("longspan-parent", ROOT.resolve("pom.xml"), null);
        install("longspan-spi", ROOT.resolve("spi/pom.xml"), jar("spi", ""));
        install("longspan-conformance-tests", ROOT.resolve("conformance-tests/pom.xml"), jar("conformance-tests", ""));
        Path example = example();
        List<String> maven = new ArrayList<>(List.of(ROOT.resolve("mvnw").toString(), "-B", "-o"));
        maven.add("-Dmaven.repo.local=" + folder.resolve("repository"));
        maven.add("-Dmaven.repo.local.tail=" + System.getProperty("longspan.repository"));
        maven.add("-Dlongspan.tck.tries=2"); // it takes a minute less than the usual 6
        maven.add("verify");
        assertThat(run(example, maven)).contains("BUILD SUCCESS", "Failures: 0, Errors: 0");

        Path report = folder.resolve("report.json");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-jar",
                jar("conformance-tests", "-all").toString(),
                "--class-path",
                example.resolve("target/plain-backend-1.0.jar").toString(),
                "--report",
                report.toString()));
        // the build before has kept all rules: here are those that depend on how the backend is found, and one of each
        // kind
        for (String rule : List.of("P1.answers", "P2.service", "P4.process", "B2.order", "S4.forks", "N1.attention")) {
            command.addAll(List.of("--rule", rule));
        }
        String table = run(example, command);
        assertThat(table).contains("backend 'plain'", "conforms: 6 passed");
        assertThat(Files.readString(report)).contains("\"conforms\": true");
    }

    @Test
    void itsProofHasTenLinesAtMost() throws IOException {
        List<String> lines = Files.readAllLines(
                ROOT.resolve("examples/plain-backend/src/test/java/com/example/plain/PlainBackendTest.java"));
        int from = lines.indexOf("class PlainBackendTest extends BackendConformance {");
        assertThat(lines.subList(from, lines.size())).hasSizeBetween(3, 10);
    }

    @Test
    void thePageQuotesTheExample() throws IOException {
        String page = Files.readString(ROOT.resolve("docs/write-a-backend.md"));
        Path sources = ROOT.resolve("examples/plain-backend/src");
        StringBuilder all = new StringBuilder();
        try (Stream<Path> files = Files.walk(sources)) {
            for (Path file :
                    files.filter(each -> each.toString().endsWith(".java")).toList()) {
                all.append(Files.readString(file)).append('\n');
            }
        }
        String code = all.toString().replaceAll("\\s+", " ");
        int quoted = 0;
        for (String block : page.split("```java\n", -1)) {
            int end = block.indexOf("```");
            if (quoted++ > 0) {
                assertThat(code).contains(block.substring(0, end).strip().replaceAll("\\s+", " "));
            }
        }
        assertThat(quoted).isGreaterThan(5);
    }
}
