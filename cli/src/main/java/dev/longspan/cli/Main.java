package dev.longspan.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.ParameterException;

/**
 * The entry of the {@code longspan} command. Exit codes: 0 when all went well, 2 when the command line, the model or the
 * backend is at fault and nothing was begun, 1 for every other failure.
 */
public final class Main {
    private Main() {}

    /**
     * Runs the command and ends the process.
     *
     * @param args the command line
     */
    public static void main(String[] args) {
        Surroundings surroundings = Surroundings.ofThisProcess();
        int code = run(surroundings, args);
        surroundings.out().flush();
        surroundings.err().flush();
        System.exit(code);
    }

    /** {@return the exit code, after the command has run} */
    static int run(Surroundings surroundings, String... args) {
        CommandLine commandLine = new CommandLine(new LongspanCommand());
        commandLine.addSubcommand(new ChatCommand(surroundings));
        commandLine.addSubcommand(new InspectCommand(surroundings));
        CommandLine serve = new CommandLine(new ServeCommand(surroundings));
        commandLine.addSubcommand(serve);
        commandLine.setOut(new PrintWriter(surroundings.out(), true, StandardCharsets.UTF_8));
        commandLine.setErr(new PrintWriter(surroundings.err(), true, StandardCharsets.UTF_8));
        Ansi ansi = surroundings.terminal() ? Ansi.AUTO : Ansi.OFF;
        commandLine.setColorScheme(CommandLine.Help.defaultColorScheme(ansi));
        commandLine.setParameterExceptionHandler((fault, arguments) -> refuse(fault, arguments, surroundings));
        if (args.length > 0 && args[0].equals("serve") && !List.of(args).contains("--help")) {
            try {
                GivenDefaults given = new GivenDefaults(surroundings.environment(), List.of(args));
                given.check(serve.getCommandSpec());
                serve.setDefaultValueProvider(given);
            } catch (StartException e) {
                surroundings.say(Fault.of(e).line());
                return Fault.WRONG_START;
            }
        }
        return commandLine.execute(args);
    }

    private static int refuse(ParameterException fault, String[] args, Surroundings surroundings) {
        String help = fault.getCommandLine().getCommandSpec().qualifiedName() + " --help";
        StartException refusal = new StartException(fault.getMessage() + "; see " + help);
        if (List.of(args).contains("--json")) {
            new JsonView(surroundings.out()).failed(refusal);
        }
        surroundings.say(Fault.of(refusal).line());
        return Fault.WRONG_START;
    }
}
