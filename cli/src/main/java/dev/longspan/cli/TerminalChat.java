package dev.longspan.cli;

import dev.longspan.ChatEngine;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.DefaultParser;
import org.jline.reader.impl.completer.StringsCompleter;
import org.jline.terminal.Terminal;

/** A conversation with a person at a terminal. */
final class TerminalChat {
    private final Terminal terminal;
    private final Conversation conversation;
    private final KeepOptions keeping;
    private final TerminalView view;
    private final Dialog dialog;

    TerminalChat(Terminal terminal, ChatEngine engine, Conversation conversation, KeepOptions keeping) {
        this.terminal = terminal;
        this.conversation = conversation;
        this.keeping = keeping;
        view = new TerminalView(terminal);
        dialog = new Dialog(engine, conversation, view);
    }

    /** {@return the exit code, when the person has left} */
    int run() {
        LineReader reader = LineReaderBuilder.builder()
                .terminal(terminal)
                .appName("longspan")
                .parser(new DefaultParser().quoteChars(new char[0]).escapeChars(new char[0]))
                .completer(new StringsCompleter(dialog.commandNames()))
                .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
                .build();
        Terminal.SignalHandler before = terminal.handle(Terminal.Signal.INT, signal -> conversation.stop());
        try {
            view.note(dialog.modelLine() + "; /help lists commands");
            if (keeping.resumes()) {
                dialog.resume();
            }
            SlashCommand.Next next = SlashCommand.Next.GO_ON;
            while (next == SlashCommand.Next.GO_ON) {
                next = turn(reader);
            }
            dialog.keep();
            return 0;
        } finally {
            terminal.handle(Terminal.Signal.INT, before);
        }
    }

    private SlashCommand.Next turn(LineReader reader) {
        try {
            return dialog.hear(reader.readLine("> "));
        } catch (UserInterruptException e) {
            view.note("Ctrl-D or /quit leaves");
            return SlashCommand.Next.GO_ON;
        } catch (EndOfFileException e) {
            return SlashCommand.Next.LEAVE;
        }
    }
}
