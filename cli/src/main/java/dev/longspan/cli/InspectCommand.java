package dev.longspan.cli;

import dev.longspan.ModelInspection;
import dev.longspan.spi.LongspanException;
import dev.longspan.spi.MemorySize;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Prints what was understood of a model's folder. */
@Command(
        name = "inspect",
        description = "Prints what is understood of a model's folder, without loading its weights.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class)
final class InspectCommand implements Callable<Integer> {
    private static final Map<Character, String> KINDS =
            Map.of('M', "Mamba-2", '*', "attention", '-', "MLP", 'E', "experts");

    private final Surroundings surroundings;

    @Parameters(
            arity = "0..1",
            paramLabel = "DIR",
            description = "The model, a folder in the Hugging Face layout. Without it the built-in nano model.")
    private @Nullable Path folder;

    InspectCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        try {
            Path path = folder == null ? NanoModel.unpack(surroundings) : EngineOptions.existing(folder);
            print(ModelInspection.of(path), surroundings.out());
            return 0;
        } catch (LongspanException e) {
            surroundings.say(Fault.oneLine(String.valueOf(e.getMessage())));
            return Fault.WRONG_START;
        } catch (RuntimeException | OutOfMemoryError e) {
            Fault fault = Fault.of(e);
            surroundings.say(fault.line());
            return fault.exitCode();
        }
    }

    private static void print(ModelInspection model, PrintStream out) {
        line(out, "model", model.model().name() + " (" + model.model().architecture() + ")");
        line(out, "parameters", String.format(Locale.ROOT, "%,d", model.model().parameters()));
        String kinds = model.layers().entrySet().stream()
                .map(each -> each.getValue() + " " + KINDS.get(each.getKey()))
                .collect(Collectors.joining(", "));
        line(out, "layers", model.model().layers() + " (" + kinds + ")");
        line(out, "hidden size", String.valueOf(model.hiddenSize()));
        line(out, "vocabulary", String.valueOf(model.model().vocabularySize()));
        line(out, "weights", ByteCount.of(model.weightBytes()) + " in " + String.join(", ", model.weightFiles()));
        model.maxPositions().ifPresent(most -> line(out, "trained for", most + " tokens, says the configuration"));
        line(
                out,
                "ends with",
                model.endTokens().entrySet().stream()
                        .map(each -> each.getValue() + " (" + each.getKey() + ")")
                        .collect(Collectors.joining(", ")));
        line(out, "temperature", model.defaultTemperature() == 0 ? "0 (greedy)" : "" + model.defaultTemperature());
        line(out, "template", String.join(", ", model.templates()));
        line(out, "  system", model.template().system() ? "yes" : "no");
        String calls = model.template().toolParser().map(name -> ", as " + name).orElse(", in a way not known here");
        line(out, "  tools", model.template().tools() ? "yes" + calls : "no");
        line(out, "  thinking", name(model.template().thinking()));
        line(out, "  history", name(model.template().history()));
        memory(model.memory(), out);
        if (!model.ignoredKeys().isEmpty()) {
            line(out, "not used", String.join(", ", model.ignoredKeys().keySet()));
        }
        model.extraTensors().forEach(tensor -> line(out, "extra tensor", tensor));
    }

    private static void memory(ModelInspection.Memory memory, PrintStream out) {
        line(out, "memory", "at most, on backend " + memory.backend());
        line(out, "  weights", size(memory.weights()));
        line(out, "  workspace", size(memory.workspace()));
        memory.byLength()
                .forEach((length, size) ->
                        line(out, "  " + String.format(Locale.ROOT, "%,d", length) + " tokens", size(size)));
    }

    private static String name(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static String size(MemorySize size) {
        if (size.deviceBytes() == 0) {
            return ByteCount.of(size.hostBytes());
        }
        return ByteCount.of(size.deviceBytes()) + " on the device, " + ByteCount.of(size.hostBytes()) + " on the host";
    }

    private static void line(PrintStream out, String name, String value) {
        out.println(Fault.oneLine(String.format(Locale.ROOT, "|%-20s %s", name, value))
                .substring(1));
    }
}
