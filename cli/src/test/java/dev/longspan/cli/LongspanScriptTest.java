package dev.longspan.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.longspan.cli.InProcess.Outcome;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs the script in a clone made of stand-ins: a build that only notes that it ran, a java that tells its arguments. */
@Timeout(60)
class LongspanScriptTest {
    private static final String JAVA = """
            #!/bin/sh
            if [ "$1" = -version ]; then
                echo 'openjdk version "VERSION" 2025-01-01' >&2
                exit 0
            fi
            for argument in "$@"; do echo "<$argument>"; done
            """;

    @TempDir
    Path folder;

    private Path root;
    private Path javaHome;

    @BeforeEach
    void makeClone() throws IOException {
        assumeThat(File.separatorChar).isEqualTo('/');
        root = Files.createDirectories(folder.resolve("a clone with spaces"));
        for (String name : List.of("cli/src/main/java", "core/src/main/java", "nano-model/model")) {
            Files.createDirectories(root.resolve(name));
        }
        Files.writeString(root.resolve("pom.xml"), "<project/>");
        Files.writeString(root.resolve("cli/pom.xml"), "<project/>");
        Files.writeString(root.resolve("core/src/main/java/A.java"), "class A {}");
        script(root.resolve("longspan"), Files.readString(original()));
        build("mkdir -p cli/target/lib && touch cli/target/longspan-cli-1.jar && echo \"$@\" >> builds.txt");
        javaHome = folder.resolve("a java");
        java("17.0.15");
    }

    @Test
    void theFirstStartBuildsAndSaysSoAndTheSecondDoesNot() throws IOException, InterruptedException {
        Outcome first = start("chat", "--system", "two words");
        assertThat(first.code()).isZero();
        assertThat(first.err().lines()).hasSize(1);
        assertThat(first.err()).contains("building");
        assertThat(first.lines()).contains("<dev.longspan.cli.Main>", "<chat>", "<--system>", "<two words>");
        assertThat(first.out()).contains(root + "/cli/target/longspan-cli-1.jar:" + root + "/cli/target/lib/*");
        Outcome second = start("chat");
        assertThat(second.code()).isZero();
        assertThat(second.err()).isEmpty();
        assertThat(builds()).singleElement().asString().contains("-pl cli -am").contains("package");
    }

    @Test
    void aNewerSourceIsBuilt() throws IOException, InterruptedException {
        start("chat");
        Path source = root.resolve("core/src/main/java/A.java");
        Files.setLastModifiedTime(source, FileTime.fromMillis(System.currentTimeMillis() + 60_000));
        start("chat");
        assertThat(builds()).hasSize(2);
    }

    @Test
    void aMissingJarIsBuilt() throws IOException, InterruptedException {
        start("chat");
        Files.delete(root.resolve("cli/target/longspan-cli-1.jar"));
        start("chat");
        assertThat(builds()).hasSize(2);
    }

    @Test
    void startsAtOnceBuildOnce() throws IOException, InterruptedException {
        build("sleep 1; mkdir -p cli/target/lib && touch cli/target/longspan-cli-1.jar && echo \"$@\" >> builds.txt");
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            processes.add(builder("chat").start());
        }
        for (Process process : processes) {
            assertThat(process.waitFor()).isZero();
        }
        assertThat(builds()).hasSize(1);
    }

    @Test
    void itWorksThroughALinkAndFromAnotherFolder() throws IOException, InterruptedException {
        Path link = Files.createSymbolicLink(folder.resolve("link to it"), Path.of("a clone with spaces/longspan"));
        List<String> command = List.of(link.toString(), "chat");
        Outcome outcome = run(new ProcessBuilder(command)
                .directory(Files.createDirectories(folder.resolve("b")).toFile()));
        assertThat(outcome.code()).isZero();
        assertThat(outcome.out()).contains(root + "/cli/target/longspan-cli-1.jar");
    }

    @Test
    void aFailedBuildIsOneMoreLineThatNamesTheLog() throws IOException, InterruptedException {
        build("echo what went wrong; exit 1");
        Outcome outcome = start("chat");
        assertThat(outcome.code()).isEqualTo(1);
        assertThat(outcome.out()).isEmpty();
        assertThat(outcome.err().lines()).hasSize(2);
        assertThat(outcome.err()).contains(root + "/cli/target/longspan-build.log");
        assertThat(root.resolve("cli/target/longspan-build.log")).content().contains("what went wrong");
        build("mkdir -p cli/target/lib && touch cli/target/longspan-cli-1.jar && echo \"$@\" >> builds.txt");
        assertThat(start("chat").code()).isZero();
    }

    @Test
    void anOldJavaIsOneLine() throws IOException, InterruptedException {
        java("11.0.2");
        assertOneLine("11");
        java("1.8.0_392");
        assertOneLine("8");
    }

    @Test
    void aMissingJavaIsOneLine() throws IOException, InterruptedException {
        javaHome = folder.resolve("nothing here");
        assertOneLine("JAVA_HOME");
    }

    @Test
    void optionsForJavaArePassedOn() throws IOException, InterruptedException {
        ProcessBuilder builder = builder("chat");
        builder.environment().put("JAVA_OPTS", "-Xmx1g -Da=*");
        builder.environment().put("LONGSPAN_OPTS", "--add-modules jdk.incubator.vector");
        assertThat(run(builder).lines())
                .containsSubsequence(
                        "<-Xmx1g>", "<-Da=*>", "<--add-modules>", "<jdk.incubator.vector>", "<dev.longspan.cli.Main>");
    }

    @Test
    void aCollectorOfTheUsersReplacesOurs() throws IOException, InterruptedException {
        assertThat(start("chat").lines()).contains("<-XX:+UseSerialGC>");
        ProcessBuilder builder = builder("chat");
        builder.environment().put("LONGSPAN_OPTS", "-XX:+UseParallelGC");
        assertThat(run(builder).lines()).contains("<-XX:+UseParallelGC>").doesNotContain("<-XX:+UseSerialGC>");
    }

    private void assertOneLine(String culprit) throws IOException, InterruptedException {
        Outcome outcome = start("chat");
        assertThat(outcome.code()).isEqualTo(1);
        assertThat(outcome.err().lines()).hasSize(1);
        assertThat(outcome.err()).startsWith("longspan: ").contains(culprit, "17");
    }

    private Outcome start(String... args) throws IOException, InterruptedException {
        return run(builder(args));
    }

    private ProcessBuilder builder(String... args) {
        List<String> command = new ArrayList<>();
        command.add(root.resolve("longspan").toString());
        command.addAll(List.of(args));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("JAVA_HOME", javaHome.toString());
        builder.environment().remove("JAVA_OPTS");
        builder.environment().remove("LONGSPAN_OPTS");
        return builder;
    }

    private Outcome run(ProcessBuilder builder) throws IOException, InterruptedException {
        builder.environment().put("JAVA_HOME", javaHome.toString());
        Path out = Files.createTempFile(folder, "out", "");
        Path err = Files.createTempFile(folder, "err", "");
        int code = builder.redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start()
                .waitFor();
        return new Outcome(code, Files.readString(out), Files.readString(err));
    }

    private List<String> builds() throws IOException {
        return Files.readAllLines(root.resolve("builds.txt"));
    }

    private void build(String commands) throws IOException {
        script(root.resolve("mvnw"), "#!/bin/sh\n" + commands + "\n");
    }

    private void java(String version) throws IOException {
        Files.createDirectories(javaHome.resolve("bin"));
        script(javaHome.resolve("bin/java"), JAVA.replace("VERSION", version));
    }

    private static void script(Path file, String text) throws IOException {
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private static Path original() {
        return Path.of(System.getProperty("longspan.root", ".."), "longspan");
    }
}
