package dev.longspan.cli;

import dev.longspan.ChatEngine;
import dev.longspan.spi.LongspanException;
import java.util.List;
import java.util.stream.Stream;

/** What a user says, line by line, wherever the lines come from. */
final class Dialog {
    private final Conversation conversation;
    private final AnswerView view;
    private final StatusCommands status;
    private final SnapshotCommands snapshots;
    private final SlashCommands commands;
    private int exitCode;

    Dialog(ChatEngine engine, Conversation conversation, AnswerView view) {
        this.conversation = conversation;
        this.view = view;
        status = new StatusCommands(engine, conversation, view);
        snapshots = new SnapshotCommands(conversation, new SavedConversations(engine, conversation), view);
        SlashCommand quit = new SlashCommand("quit", "leaves", argument -> quit());
        List<SlashCommand> all = Stream.of(
                        new ConversationCommands(conversation, view).list(),
                        snapshots.list(),
                        status.list(),
                        List.of(quit))
                .flatMap(List::stream)
                .toList();
        commands = new SlashCommands(view::report, this::failed, all);
    }

    /** {@return model and backend in a line} */
    String modelLine() {
        return status.modelLine();
    }

    /** {@return the names of the commands with their slashes} */
    List<String> commandNames() {
        return commands.names();
    }

    /** {@return 0 if nothing has failed so far} */
    int exitCode() {
        return exitCode;
    }

    /** Goes on with the last conversation, or says why not. */
    void resume() {
        try {
            snapshots.resume();
        } catch (LongspanException e) {
            failed(e);
        }
    }

    /** Follows a command, answers a message, and says how to go on. What fails is said. */
    SlashCommand.Next hear(String line) {
        if (line.isBlank()) {
            return SlashCommand.Next.GO_ON;
        }
        if (SlashCommands.isCommand(line)) {
            return commands.run(line);
        }
        try {
            conversation.ask(SlashCommands.message(line), view);
        } catch (LongspanException e) {
            failed(e);
        }
        return SlashCommand.Next.GO_ON;
    }

    /** Saves the conversation for the next time. */
    void keep() {
        try {
            snapshots.saveAsLast();
        } catch (LongspanException e) {
            failed(e);
        }
    }

    private SlashCommand.Next quit() {
        view.report(new Report(Report.object("quit"), List.of()));
        return SlashCommand.Next.LEAVE;
    }

    private void failed(RuntimeException error) {
        view.failed(error);
        exitCode = Math.max(exitCode, Fault.of(error).exitCode());
    }
}
