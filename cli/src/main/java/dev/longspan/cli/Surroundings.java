package dev.longspan.cli;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * What a command sees of the process around it.
 *
 * @param in standard input, UTF-8
 * @param out standard output, UTF-8: the conversation and nothing else
 * @param err standard error, UTF-8
 * @param terminal false if standard input or standard output is not a terminal
 * @param environment the environment variables
 */
record Surroundings(
        InputStream in, PrintStream out, PrintStream err, boolean terminal, Map<String, String> environment) {
    static Surroundings ofThisProcess() {
        return new Surroundings(
                new FileInputStream(FileDescriptor.in),
                new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8),
                new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8),
                mayHaveTerminal(),
                System.getenv());
    }

    /** Java 22 to 24 answer yes for a pipe, too, unless jdk.console is set; the terminal library then finds out. */
    @SuppressWarnings("SystemConsoleNull")
    private static boolean mayHaveTerminal() {
        return System.console() != null;
    }

    /** Tells the user something beside the conversation. */
    void say(String line) {
        err.println("longspan: " + line);
    }
}
