package dev.longspan.cli;

import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Something a user can say that is not for the model.
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

    /** {@return a command after which the conversation goes on} */
    static SlashCommand goingOn(String name, String help, Consumer<String> action) {
        return new SlashCommand(name, help, argument -> {
            action.accept(argument);
            return Next.GO_ON;
        });
    }
}
