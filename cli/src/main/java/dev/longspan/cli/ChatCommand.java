package dev.longspan.cli;

import dev.longspan.ChatEngine;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.LongspanException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Holds a conversation: with a person at a terminal, else line by line. */
@Command(
        name = "chat",
        description = "Holds a conversation.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        footer = {
            "",
            "Every line that is not blank is a turn of one conversation, or a command, which begins with a slash; /help"
                    + " lists them. A message that begins with a slash is written with two. From a pipe, only the answers"
                    + " go to standard output, without --json.",
            "",
            "Exit codes: 0 all went well; 2 the options, a command, the model or the backend are at fault; 1 anything else failed."
        })
final class ChatCommand implements Callable<Integer> {
    private final Surroundings surroundings;

    @Mixin
    private EngineOptions engineOptions = new EngineOptions();

    @Mixin
    private AnswerOptions answerOptions = new AnswerOptions();

    @Mixin
    private KeepOptions keepOptions = new KeepOptions();

    @Option(
            names = "--json",
            description = "Prints a JSON object per line: type 'answer' with text, thinking, finish_reason, usage and"
                    + " timing, type 'error', or the type of what a command tells.")
    private boolean json;

    @Option(
            names = "--verbose",
            description = "Says on standard error what is going on, and where a failure came from.")
    private boolean verbose;

    @Spec
    private @Nullable CommandSpec spec;

    ChatCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        if (verbose) {
            // before the first logger is made
            System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "info");
        }
        try {
            return surroundings.terminal() && !json ? talk() : answerLines();
        } catch (RuntimeException | OutOfMemoryError e) {
            Fault fault = Fault.of(e);
            if (json) {
                new JsonView(surroundings.out()).failed(e);
            }
            surroundings.say(fault.line());
            if (verbose) {
                e.printStackTrace(surroundings.err());
            }
            return fault.exitCode();
        }
    }

    private int answerLines() {
        AnswerView view = json ? new JsonView(surroundings.out()) : new PlainView(surroundings);
        try (ChatEngine engine = engineOptions.open(surroundings, LoadProgress.NONE);
                Conversation conversation = conversation(engine)) {
            return new PipeChat(surroundings, new Dialog(engine, conversation, view), keepOptions).run();
        }
    }

    private int talk() {
        try (Terminal terminal = terminal()) {
            if (terminal == null) {
                return answerLines();
            }
            ProgressBar bar = new ProgressBar(terminal, "loading the model", "bytes");
            try (ChatEngine engine = engineOptions.open(surroundings, bar::show);
                    Conversation conversation = conversation(engine)) {
                bar.clear();
                return new TerminalChat(terminal, engine, conversation, keepOptions).run();
            } finally {
                bar.clear();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the terminal cannot be used", e);
        }
    }

    /** {@return the terminal; null if input or output is none} */
    private static @Nullable Terminal terminal() throws IOException {
        try {
            return TerminalBuilder.builder()
                    .system(true)
                    .dumb(false)
                    .encoding(StandardCharsets.UTF_8)
                    .nativeSignals(true)
                    .build();
        } catch (IllegalStateException e) {
            return null;
        }
    }

    /** Begins a conversation whose settings the model has been found to accept. */
    private Conversation conversation(ChatEngine engine) {
        try {
            Conversation conversation = new Conversation(engine, answerOptions);
            conversation.check();
            return conversation;
        } catch (LongspanException e) {
            throw OptionNames.refusal(Objects.requireNonNull(spec, "set by picocli"), e);
        }
    }
}
