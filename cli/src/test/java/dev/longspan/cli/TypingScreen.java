package dev.longspan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.ChatEngine;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.impl.LineDisciplineTerminal;
import picocli.CommandLine;

/** What the terminal shows, and a person who types the next piece at each prompt. */
class TypingScreen extends OutputStream {
    static final String DIM = "\u001b[2m";
    static final String CTRL_C = "\u0003";
    static final String CTRL_D = "\u0004";

    private static final String PROMPT = "\u001b[?2004h";
    private static final String LINE_READ = "\u001b[?2004l";

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final Deque<String> typed;
    private int seen;
    private LineDisciplineTerminal keys;

    TypingScreen(String... typed) {
        this.typed = new ArrayDeque<>(List.of(typed));
    }

    /** {@return one on which Ctrl-C is pressed once, as soon as a word of the first answer is shown} */
    static TypingScreen interrupting(String... typed) {
        return new Interrupting(typed);
    }

    /** Holds a conversation, and closes it. */
    void talk(ChatEngine engine, AnswerOptions options, String... keeping) throws IOException {
        try (LineDisciplineTerminal terminal =
                        new LineDisciplineTerminal("test", "xterm", this, StandardCharsets.UTF_8);
                Conversation conversation = new Conversation(engine, options)) {
            terminal.setSize(new Size(200, 50));
            keys = terminal;
            KeepOptions keep = CommandLine.populateCommand(new KeepOptions(), keeping);
            int code = new TerminalChat(terminal, engine, conversation, keep).run();
            assertThat(code).isZero();
        }
    }

    @Override
    public void write(int b) throws IOException {
        bytes.write(b);
        int prompt = text().indexOf(PROMPT, seen);
        if (prompt >= 0) {
            seen = prompt + 1;
            keys.processInputBytes(typed.remove().getBytes(StandardCharsets.UTF_8));
        }
    }

    /** {@return all that was shown} */
    String text() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private static final class Interrupting extends TypingScreen {
        private boolean done;

        Interrupting(String... typed) {
            super(typed);
        }

        @Override
        public void write(int b) throws IOException {
            super.write(b);
            int at = text().indexOf(LINE_READ);
            if (!done
                    && at >= 0
                    && text().substring(at + LINE_READ.length()).strip().length() > DIM.length()) {
                done = true;
                super.keys.raise(Terminal.Signal.INT);
            }
        }
    }
}
