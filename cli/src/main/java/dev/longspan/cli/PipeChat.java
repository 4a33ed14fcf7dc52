package dev.longspan.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** A conversation whose turns and commands are the lines of standard input. */
final class PipeChat {
    private final Surroundings surroundings;
    private final Dialog dialog;
    private final KeepOptions keeping;

    PipeChat(Surroundings surroundings, Dialog dialog, KeepOptions keeping) {
        this.surroundings = surroundings;
        this.dialog = dialog;
        this.keeping = keeping;
    }

    /** {@return the exit code: 0 if every line was answered} */
    int run() {
        if (keeping.resumes()) {
            dialog.resume();
        }
        boolean heard = hearAll();
        if (keeping.keepsFromAPipe()) {
            dialog.keep();
        }
        return heard ? dialog.exitCode() : 1;
    }

    /** {@return false if nobody listened any more} */
    private boolean hearAll() {
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(surroundings.in(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                SlashCommand.Next next = dialog.hear(line);
                if (surroundings.out().checkError()) {
                    surroundings.say("standard output takes no more: stopped");
                    return false;
                }
                if (next == SlashCommand.Next.LEAVE) {
                    break;
                }
            }
            return true;
        } catch (IOException e) {
            throw new UncheckedIOException("standard input cannot be read", e);
        }
    }
}
