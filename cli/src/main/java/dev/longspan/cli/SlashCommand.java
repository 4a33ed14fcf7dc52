package dev.longspan.cli;

import java.util.function.Function;

/**
 * Something a user can say at a terminal that is not for the model.
 *
 * @param name how it is called, without the slash
 * @param help what it does, for {@code /help}
 * @param action is given what stands behind the name, and says how to go on
 */
record SlashCommand(String name, String help, Function<String, Next> action) {
    /** What comes after a command. */
    enum Next {
        /** The next line. */
        GO_ON,
        /** The end of the program. */
        LEAVE
    }
}
