package dev.longspan.tvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.longspan.tvm.model.Processor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Nothing that is called ends the process, nor makes it grow. */
@Timeout(900)
class KillingTest {
    /** Less than fifty models' weights, or as many threads' stacks, would come to. */
    private static final long MAY_GROW = 2 << 20;

    @TempDir
    Path folder;

    /** What a process printed, which must have ended by itself and well. */
    private String printed(List<String> flags, Class<?> main, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(flags);
        command.addAll(List.of(
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
                "-XX:ErrorFile=" + folder.resolve("crash.log"),
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(List.of(arguments));
        Path printed = folder.resolve("printed");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(printed.toFile());
        builder.environment().put("LC_ALL", "C"); // names of files are ASCII
        Process process = builder.start();
        boolean ended = process.waitFor(800, TimeUnit.SECONDS);
        if (!ended) {
            process.destroyForcibly().waitFor();
        }
        String text = Files.readString(printed);
        assertThat(ended).as(text).isTrue();
        assertThat(process.exitValue())
                .as(String.join(" ", arguments) + ": " + text)
                .isZero();
        return text;
    }

    private static Path mapped(String library) throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
            return lines.filter(line -> line.contains("/" + library))
                    .map(line -> Path.of(line.substring(line.indexOf('/'))))
                    .findFirst()
                    .orElseThrow();
        }
    }

    @Test
    void anAttemptThatFailsDoesNotSpoilTheNext() throws IOException, InterruptedException {
        String wrong = mapped("libc.so").toString();
        assertThat(printed(
                        List.of("-Xmx64m"), Attempts.class, "runtimeLibrary", wrong, "runtimeLibrary", wrong, "-", "-"))
                .containsSubsequence(
                        "probe: TVM's runtime cannot be loaded",
                        "open: ",
                        "probe: TVM's runtime cannot be loaded",
                        "open: ")
                .endsWith("probe: available\nopen: tvm\n");
    }

    @Test
    void theRuntimeMayLieElsewhere() throws IOException, InterruptedException {
        Path runtime = folder.resolve("libtvm_runtime.so");
        try (InputStream packed = KillingTest.class
                .getClassLoader()
                .getResourceAsStream("org/bytedeco/tvm/linux-x86_64-gpu/libtvm_runtime.so")) {
            Files.copy(Objects.requireNonNull(packed), runtime);
        }
        assertThat(printed(List.of("-Xmx64m"), Attempts.class, "runtimeLibrary", runtime.toString()))
                .endsWith("probe: available\nopen: tvm\n");
    }

    @Test
    void kernelsThatCannotBeUnpackedAreToldByTheProbe() throws IOException, InterruptedException {
        String library = Processor.best().orElseThrow().library();
        Files.createDirectories(folder.resolve("natives").resolve(library).resolve("in the way"));
        assertThat(printed(
                        List.of(),
                        Attempts.class,
                        "nativeFolder",
                        folder.resolve("natives").toString()))
                .contains("probe: the folder for native libraries cannot be written", library)
                .contains("open: backend 'tvm'");
    }

    @Test
    void pathsThatThePlatformCannotWriteAreRefused() throws IOException, InterruptedException {
        assertThat(printed(
                        List.of(),
                        Attempts.class,
                        "nativeFolder",
                        folder.resolve("UMLAUT").toString()))
                .contains("probe: setting 'nativeFolder'");
    }

    private void survives(long seed, int calls) throws IOException, InterruptedException {
        Matcher told = Pattern.compile("(\\d+) of \\d+ calls returned")
                .matcher(printed(List.of("-Xmx1g"), HostileCalls.class, Long.toString(seed), Integer.toString(calls)));
        assertThat(told.find()).isTrue();
        assertThat(Integer.parseInt(told.group(1)))
                .isGreaterThan(calls / 4); // else it would be all about closed things
    }

    @Test
    void tenThousandHostileCallsAreSurvived() throws IOException, InterruptedException {
        for (int seed = 1; seed <= 4; seed++) {
            survives(seed, 2500);
        }
    }

    @Tag("soak")
    @Test
    void aMillionHostileCallsAreSurvived() throws IOException, InterruptedException {
        for (int seed = 100; seed < 140; seed++) {
            survives(seed, 25_000);
        }
    }

    @Test
    void twoHundredOpeningsLeaveNothing() throws IOException, InterruptedException {
        assumeThat(Path.of("/proc/self/status")).isReadable();
        // a heap that is all there from the beginning, and no compiler whose memory comes and goes
        List<String> flags = List.of("-Xms256m", "-Xmx256m", "-XX:+AlwaysPreTouch", "-XX:TieredStopAtLevel=1");
        Matcher told = Pattern.compile("grown by (-?\\d+) bytes").matcher(printed(flags, ManyOpenings.class, "200"));
        assertThat(told.find()).isTrue();
        assertThat(Long.parseLong(told.group(1))).isLessThan(MAY_GROW);
    }
}
