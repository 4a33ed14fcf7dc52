package dev.longspan.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.spi.LongspanException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/** The commands there are in a conversation. */
final class SlashCommands {
    private final Map<String, SlashCommand> byName = new TreeMap<>();
    private final Consumer<Report> reports;
    private final Consumer<RuntimeException> failures;

    /**
     * Makes a register that knows {@code /help} and the given commands.
     *
     * @param reports takes what {@code /help} tells
     * @param failures takes why a command was not followed
     * @param commands the other commands
     */
    SlashCommands(Consumer<Report> reports, Consumer<RuntimeException> failures, List<SlashCommand> commands) {
        this.reports = reports;
        this.failures = failures;
        add(SlashCommand.goingOn("help", "shows this list", argument -> help()));
        commands.forEach(this::add);
    }

    /** {@return the names with their slashes, sorted} */
    List<String> names() {
        return byName.keySet().stream().map(name -> "/" + name).toList();
    }

    /** {@return whether a line is a command rather than a message; a space or a slash before the slash makes it a message} */
    static boolean isCommand(String line) {
        return line.startsWith("/") && !line.startsWith("//");
    }

    /** {@return the message that a line is which is no command} */
    static String message(String line) {
        return (line.startsWith("//") ? line.substring(1) : line).strip();
    }

    /** Runs the command of a line, or says that there is none. */
    SlashCommand.Next run(String line) {
        String[] parts = line.substring(1).strip().split("\\s+", 2);
        SlashCommand command = byName.get(parts[0]);
        try {
            if (command == null) {
                throw new CommandException("there is no command /" + parts[0]
                        + "; /help lists them, and a message that begins with a slash is written with two");
            }
            return command.action().apply(parts.length > 1 ? parts[1] : "");
        } catch (CommandException | LongspanException e) {
            failures.accept(e);
            return SlashCommand.Next.GO_ON;
        } catch (OutOfMemoryError e) { // of a large text; what was begun with it is garbage now
            failures.accept(new CommandException("/" + parts[0]
                    + ": there is not enough memory for this: give Java more, such as LONGSPAN_OPTS=-Xmx4g (" + e
                    + ")"));
            return SlashCommand.Next.GO_ON;
        }
    }

    private void add(SlashCommand command) {
        if (byName.putIfAbsent(command.name(), command) != null) {
            throw new IllegalArgumentException("there are two commands /" + command.name());
        }
    }

    private void help() {
        int width = byName.keySet().stream().mapToInt(String::length).max().orElse(0);
        ObjectNode object = Report.object("help");
        ObjectNode commands = object.putObject("commands");
        List<String> lines = new ArrayList<>();
        for (SlashCommand command : byName.values()) {
            commands.put(command.name(), command.help());
            lines.add("/" + command.name() + " ".repeat(width - command.name().length() + 2) + command.help());
        }
        lines.add("Ctrl-C stops an answer, Ctrl-D leaves. A message that begins with a slash is written with two.");
        reports.accept(new Report(object, lines));
    }
}
