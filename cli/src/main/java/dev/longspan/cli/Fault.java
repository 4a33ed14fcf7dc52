package dev.longspan.cli;

import dev.longspan.spi.LongspanException;

/**
 * How the command ends when something fails.
 *
 * @param exitCode what the process ends with
 * @param line one line for people
 */
record Fault(int exitCode, String line) {
    /** The command line, the model, the backend or a command in the conversation is at fault; nothing was begun. */
    static final int WRONG_START = 2;

    private static final int FAILED = 1;

    /** Control characters, and those that change the direction of a line. */
    private static final String UNSAFE = "\\p{Cntrl}|[\\x80-\\x9f]|\\p{Cf}";

    static Fault of(Throwable thrown) {
        if (thrown instanceof StartException || thrown instanceof CommandException) {
            return new Fault(WRONG_START, oneLine(String.valueOf(thrown.getMessage())));
        }
        if (thrown instanceof LongspanException) {
            return new Fault(FAILED, oneLine(String.valueOf(thrown.getMessage())));
        }
        if (thrown instanceof OutOfMemoryError) {
            long mebibytes = Runtime.getRuntime().maxMemory() >> 20;
            return new Fault(
                    FAILED,
                    "out of memory: the Java heap of " + mebibytes
                            + " MiB is too small; give more, such as LONGSPAN_OPTS=-Xmx8g");
        }
        return new Fault(FAILED, oneLine("unexpected failure: " + thrown));
    }

    /** Folds a message of several lines; control characters, which a model's files may hold, become harmless. */
    static String oneLine(String message) {
        return message.strip()
                .replaceAll(":\\s*\\R\\s*", ": ")
                .replaceAll("\\s*\\R\\s*", "; ")
                .replaceAll(UNSAFE, "?");
    }
}
