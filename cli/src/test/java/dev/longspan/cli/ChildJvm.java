package dev.longspan.cli;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Runs the command in a process of its own. */
final class ChildJvm {
    private static final Pattern RUNTIME = Pattern.compile(
            "(longspan|jackson|picocli|jline|jna|slf4j|jetty|micrometer|prometheus|HdrHistogram)-.*\\.jar|classes");
    /** Only libraries: they are found on the class path, also beside modules. */
    private static final Pattern NATIVES = Pattern.compile("tvm-.*\\.jar");

    private ChildJvm() {}

    static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    /** {@return what the command needs when it runs, as a path of jars and folders of classes} */
    static String runtimePath() {
        return path(RUNTIME);
    }

    private static String path(Pattern jars) {
        String path = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        return Arrays.stream(path.split(Pattern.quote(File.pathSeparator)))
                .filter(entry ->
                        jars.matcher(Path.of(entry).getFileName().toString()).matches())
                .collect(Collectors.joining(File.pathSeparator));
    }

    static List<String> onClassPath(String... args) {
        return command(
                List.of("-cp", runtimePath() + File.pathSeparator + path(NATIVES), "dev.longspan.cli.Main"), args);
    }

    static List<String> onModulePath(String... args) {
        return command(
                List.of("-p", runtimePath(), "-cp", path(NATIVES), "-m", "dev.longspan.cli/dev.longspan.cli.Main"),
                args);
    }

    /** {@return what came of a command that reads the given text} */
    static InProcess.Outcome run(Path folder, String input, List<String> command)
            throws IOException, InterruptedException {
        Path in = Files.writeString(Files.createTempFile(folder, "in", ""), input);
        Path out = Files.createTempFile(folder, "out", "");
        Path err = Files.createTempFile(folder, "err", "");
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectInput(in.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().put("XDG_CACHE_HOME", folder.toString());
        builder.environment().put("XDG_DATA_HOME", folder.toString());
        int code = builder.start().waitFor();
        return new InProcess.Outcome(
                code, Files.readString(out, StandardCharsets.UTF_8), Files.readString(err, StandardCharsets.UTF_8));
    }

    private static List<String> command(List<String> start, String... args) {
        List<String> command = new ArrayList<>();
        command.add(java());
        command.add("-Xmx512m");
        command.addAll(start);
        command.addAll(List.of(args));
        return command;
    }
}
