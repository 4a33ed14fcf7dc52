package dev.longspan.cli;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/** The commands there are at a terminal. */
final class SlashCommands {
    private final Map<String, SlashCommand> byName = new TreeMap<>();
    private final Consumer<String> printer;

    /** Makes a register that knows {@code /help} and the given commands, and prints with the given printer. */
    SlashCommands(Consumer<String> printer, List<SlashCommand> commands) {
        this.printer = printer;
        add(new SlashCommand("help", "shows this list", argument -> help()));
        commands.forEach(this::add);
    }

    /** {@return the names with their slashes, sorted} */
    List<String> names() {
        return byName.keySet().stream().map(name -> "/" + name).toList();
    }

    /** {@return whether a line is a command rather than a message; a space before the slash makes it a message} */
    static boolean isCommand(String line) {
        return line.startsWith("/");
    }

    /** Runs the command of a line, or says that there is none. */
    SlashCommand.Next run(String line) {
        String[] parts = line.substring(1).strip().split("\\s+", 2);
        SlashCommand command = byName.get(parts[0]);
        if (command == null) {
            printer.accept("there is no command /" + parts[0] + "; /help lists them");
            return SlashCommand.Next.GO_ON;
        }
        return command.action().apply(parts.length > 1 ? parts[1] : "");
    }

    private void add(SlashCommand command) {
        if (byName.putIfAbsent(command.name(), command) != null) {
            throw new IllegalArgumentException("there are two commands /" + command.name());
        }
    }

    private SlashCommand.Next help() {
        int width = byName.keySet().stream().mapToInt(String::length).max().orElse(0);
        for (SlashCommand command : byName.values()) {
            printer.accept(
                    "/" + command.name() + " ".repeat(width - command.name().length() + 2) + command.help());
        }
        printer.accept("Ctrl-C stops an answer, Ctrl-D leaves. A space before a slash makes the line a message.");
        return SlashCommand.Next.GO_ON;
    }
}
