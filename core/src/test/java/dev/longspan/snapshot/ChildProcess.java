package dev.longspan.snapshot;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A Java process on this test's class path. */
final class ChildProcess implements AutoCloseable {
    private final Process process;
    private final BufferedReader output;
    private final List<String> lines = new ArrayList<>();

    private ChildProcess(Process process) {
        this.process = process;
        this.output = process.inputReader(UTF_8);
    }

    static ChildProcess start(List<String> options, Class<?> program, String... args) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.add("-cp");
        command.add(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
        command.add(program.getName());
        command.addAll(Arrays.asList(args));
        return new ChildProcess(
                new ProcessBuilder(command).redirectErrorStream(true).start());
    }

    /** Lets a program begin that waits for it. */
    ChildProcess go() throws IOException {
        OutputStream input = process.getOutputStream();
        input.write('\n');
        input.flush();
        return this;
    }

    /** Reads so many lines, or fewer if it ends before. */
    void await(int count) throws IOException {
        for (int i = 0; i < count; i++) {
            String line = output.readLine();
            if (line == null) {
                return;
            }
            lines.add(line);
        }
    }

    /** Ends it at once, as SIGKILL does, and reads the rest of what it has said. */
    List<String> kill() throws IOException, InterruptedException {
        // through its handle, since a process that is destroyed itself loses what it has said
        process.toHandle().destroyForcibly();
        return end();
    }

    /** Waits for its end and gives all that it has said. */
    List<String> end() throws IOException, InterruptedException {
        await(Integer.MAX_VALUE);
        process.waitFor();
        return lines;
    }

    int exitValue() {
        return process.exitValue();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
