package dev.longspan.cli;

import dev.longspan.BackendInfo;
import dev.longspan.ChatEngine;
import dev.longspan.ChatResponse;
import dev.longspan.ModelInfo;
import dev.longspan.Timing;
import dev.longspan.TokenUsage;
import dev.longspan.spi.LongspanException;
import java.util.List;
import java.util.Locale;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.DefaultParser;
import org.jline.reader.impl.completer.StringsCompleter;
import org.jline.terminal.Terminal;
import org.jspecify.annotations.Nullable;

/** A conversation with a person at a terminal. */
final class TerminalChat {
    private final Terminal terminal;
    private final ChatEngine engine;
    private final Conversation conversation;
    private final TerminalView view;
    private final SlashCommands commands;
    private @Nullable ChatResponse last;
    private long answerTokens;

    TerminalChat(Terminal terminal, ChatEngine engine, Conversation conversation) {
        this.terminal = terminal;
        this.engine = engine;
        this.conversation = conversation;
        view = new TerminalView(terminal);
        commands = new SlashCommands(
                view::note,
                List.of(
                        new SlashCommand("clear", "begins a new conversation", argument -> clear()),
                        new SlashCommand("quit", "leaves", argument -> SlashCommand.Next.LEAVE),
                        new SlashCommand("stats", "tells sizes and times", argument -> stats())));
    }

    /** {@return the exit code, when the person has left} */
    int run() {
        LineReader reader = LineReaderBuilder.builder()
                .terminal(terminal)
                .appName("longspan")
                .parser(new DefaultParser().quoteChars(new char[0]).escapeChars(new char[0]))
                .completer(new StringsCompleter(commands.names()))
                .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
                .build();
        Terminal.SignalHandler before = terminal.handle(Terminal.Signal.INT, signal -> conversation.stop());
        try {
            view.note(banner());
            SlashCommand.Next next = SlashCommand.Next.GO_ON;
            while (next == SlashCommand.Next.GO_ON) {
                next = turn(reader);
            }
            return 0;
        } finally {
            terminal.handle(Terminal.Signal.INT, before);
        }
    }

    private SlashCommand.Next turn(LineReader reader) {
        String line;
        try {
            line = reader.readLine("> ");
        } catch (UserInterruptException e) {
            view.note("Ctrl-D or /quit leaves");
            return SlashCommand.Next.GO_ON;
        } catch (EndOfFileException e) {
            return SlashCommand.Next.LEAVE;
        }
        if (line.isBlank()) {
            return SlashCommand.Next.GO_ON;
        }
        if (SlashCommands.isCommand(line)) {
            return commands.run(line);
        }
        answer(line.strip());
        return SlashCommand.Next.GO_ON;
    }

    private void answer(String text) {
        try {
            last = conversation.ask(text, view);
            answerTokens += last.usage().completionTokens();
        } catch (LongspanException e) {
            view.failed(e);
        }
    }

    private String banner() {
        return modelLine() + "; /help lists commands";
    }

    private String modelLine() {
        ModelInfo model = engine.model();
        BackendInfo backend = engine.backend();
        return String.format(
                Locale.ROOT,
                "%s (%,d parameters) on backend %s, device %s",
                model.name(),
                model.parameters(),
                backend.id(),
                backend.device().id());
    }

    private SlashCommand.Next clear() {
        conversation.clear();
        view.note("a new conversation");
        return SlashCommand.Next.GO_ON;
    }

    private SlashCommand.Next stats() {
        view.note(modelLine());
        view.note(String.format(
                Locale.ROOT,
                "%,d messages in the conversation; %,d tokens generated since the start",
                conversation.messages().size(),
                answerTokens));
        ChatResponse response = last;
        if (response == null) {
            view.note("no answer yet");
            return SlashCommand.Next.GO_ON;
        }
        TokenUsage usage = response.usage();
        view.note(String.format(
                Locale.ROOT,
                "last turn: %,d of at most %,d tokens: %,d read (%,d reused), %,d generated (%,d thinking)",
                usage.totalTokens(),
                engine.model().maxContextTokens(),
                usage.promptTokens(),
                usage.reusedTokens(),
                usage.completionTokens(),
                usage.thinkingTokens()));
        Timing timing = response.timing();
        view.note(String.format(
                Locale.ROOT,
                "last turn: first token after %.2f s, whole answer after %.2f s, %.1f tokens a second",
                timing.timeToFirstToken().toNanos() / 1e9,
                timing.total().toNanos() / 1e9,
                timing.tokensPerSecond()));
        return SlashCommand.Next.GO_ON;
    }
}
