package dev.longspan.cli;

import dev.longspan.ChatEvent;
import dev.longspan.FinishReason;
import org.jline.terminal.Terminal;
import org.jline.utils.InfoCmp.Capability;

/** Streams answers to a terminal, thinking dimmed. */
final class TerminalView implements AnswerView {
    /** From so many tokens on, reading a prompt may take long enough for a bar. */
    private static final int LONG_PROMPT = 512;

    private final Terminal terminal;
    private final ProgressBar reading;
    private boolean lineOpen;
    private boolean thinking;

    TerminalView(Terminal terminal) {
        this.terminal = terminal;
        reading = new ProgressBar(terminal, "reading", "tokens");
    }

    @Override
    public void show(ChatEvent event) {
        if (event instanceof ChatEvent.PromptProgress progress) {
            if (progress.totalTokens() >= LONG_PROMPT) {
                reading.show(progress.doneTokens(), progress.totalTokens());
            }
            return;
        }
        reading.clear();
        if (event instanceof ChatEvent.ThinkingDelta delta) {
            String text = thinking ? delta.text() : delta.text().stripLeading();
            thinking |= !text.isEmpty();
            print(text, true);
        } else if (event instanceof ChatEvent.TextDelta delta) {
            if (thinking) {
                endLine();
                thinking = false;
            }
            print(delta.text(), false);
        } else if (event instanceof ChatEvent.Completed completed) {
            end();
            FinishReason reason = completed.response().finishReason();
            if (reason != FinishReason.STOP) {
                note("[" + Explanation.of(reason) + "]");
            }
        }
    }

    @Override
    public void failed(Throwable error) {
        reading.clear();
        end();
        note("error: " + Fault.of(error).line());
    }

    @Override
    public void report(Report report) {
        reading.clear();
        report.lines().forEach(this::note);
    }

    /** Prints a line that is not part of the conversation. */
    void note(String line) {
        endLine();
        print(line, true);
        endLine();
        terminal.flush();
    }

    private void end() {
        endLine();
        thinking = false;
        terminal.flush();
    }

    private void endLine() {
        if (lineOpen) {
            terminal.writer().println();
            lineOpen = false;
        }
    }

    private void print(String text, boolean dim) {
        if (text.isEmpty()) {
            return;
        }
        if (dim) {
            terminal.puts(Capability.enter_dim_mode);
        }
        terminal.writer().print(harmless(text));
        if (dim) {
            terminal.puts(Capability.exit_attribute_mode);
        }
        terminal.flush();
        lineOpen = !text.endsWith("\n");
    }

    /** Keeps a model's words from being commands to the terminal. */
    private static String harmless(String text) {
        return text.codePoints()
                .map(c -> Character.isISOControl(c) && c != '\n' && c != '\t' ? 0xFFFD : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }
}
