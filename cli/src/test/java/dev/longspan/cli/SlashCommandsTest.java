package dev.longspan.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.cli.SlashCommand.Next;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SlashCommandsTest {
    private final List<String> printed = new ArrayList<>();
    private final List<String> arguments = new ArrayList<>();
    private final SlashCommand save = new SlashCommand("save", "keeps it", argument -> {
        arguments.add(argument);
        return Next.GO_ON;
    });
    private final SlashCommand quit = new SlashCommand("quit", "leaves", argument -> Next.LEAVE);
    private final SlashCommands commands = commands(save, quit);

    @Test
    void helpTellsEveryCommandWithItsText() {
        assertThat(commands.run("/help")).isEqualTo(Next.GO_ON);
        assertThat(String.join("\n", printed))
                .contains("/help", "/save", "keeps it", "/quit", "leaves", "Ctrl-C", "Ctrl-D");
        assertThat(commands.names()).containsExactly("/help", "/quit", "/save");
    }

    @Test
    void whatStandsBehindTheNameIsTheArgument() {
        commands.run("/save  two words ");
        commands.run("/save");
        assertThat(arguments).containsExactly("two words", "");
    }

    @Test
    void anUnknownCommandIsNamed() {
        assertThat(commands.run("/nonsense now")).isEqualTo(Next.GO_ON);
        assertThat(printed).singleElement().asString().contains("/nonsense", "/help");
    }

    @Test
    void quitLeaves() {
        assertThat(commands.run("/quit")).isEqualTo(Next.LEAVE);
    }

    @Test
    void aSpaceBeforeTheSlashMakesTheLineAMessage() {
        assertThat(SlashCommands.isCommand("/help")).isTrue();
        assertThat(SlashCommands.isCommand(" /help")).isFalse();
    }

    @Test
    void twoSlashesBeginAMessageThatBeginsWithOne() {
        assertThat(SlashCommands.isCommand("//help")).isFalse();
        assertThat(SlashCommands.message("//help me ")).isEqualTo("/help me");
        assertThat(SlashCommands.message(" /help me")).isEqualTo("/help me");
    }

    @Test
    void whyACommandWasNotFollowedIsSaid() {
        SlashCommands failing = commands(SlashCommand.goingOn("fail", "fails", argument -> {
            throw new CommandException("expected less than " + argument);
        }));
        assertThat(failing.run("/fail more")).isEqualTo(Next.GO_ON);
        assertThat(printed).containsExactly("expected less than more");
    }

    @Test
    void twoCommandsOfOneNameAreRefused() {
        assertThatThrownBy(() -> commands(quit, quit))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("/quit");
    }

    private SlashCommands commands(SlashCommand... some) {
        return new SlashCommands(
                report -> printed.addAll(report.lines()), failure -> printed.add(failure.getMessage()), List.of(some));
    }
}
