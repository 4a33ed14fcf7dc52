package dev.longspan.cli;

import dev.longspan.spi.LongspanException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** A conversation whose turns are the lines of standard input. Lines are messages only, never commands. */
final class PipeChat {
    private final Surroundings surroundings;
    private final Conversation conversation;
    private final AnswerView view;

    PipeChat(Surroundings surroundings, Conversation conversation, AnswerView view) {
        this.surroundings = surroundings;
        this.conversation = conversation;
        this.view = view;
    }

    /** {@return the exit code: 0 if every line was answered} */
    int run() {
        int code = 0;
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(surroundings.in(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.isBlank()) {
                    continue;
                }
                try {
                    conversation.ask(line.strip(), view);
                } catch (LongspanException e) {
                    view.failed(e);
                    code = Fault.of(e).exitCode();
                }
                if (surroundings.out().checkError()) {
                    surroundings.say("standard output takes no more: stopped");
                    return 1;
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("standard input cannot be read", e);
        }
        return code;
    }
}
