package dev.longspan.benchmarks;

import dev.longspan.ChatMessage;
import dev.longspan.ChatRequest;
import dev.longspan.model.ModelFolder;
import dev.longspan.prompt.PromptRenderer;
import dev.longspan.prompt.RenderSettings;
import dev.longspan.spi.SequenceState;
import dev.longspan.template.ChatTemplate;
import dev.longspan.template.TemplateLimits;
import dev.longspan.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * From a history of many messages to its ids (rendering and encoding), beside the prefill of those ids by the smallest model
 * there is. The ratio of the two must stay below 1 %; every larger model makes it smaller.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 3, time = 2)
public class RenderingBenchmark {
    /** {@code nano} for the model's own template, or the path of a template. */
    @Param("nano")
    public String template = "";

    /** A model's name, see {@link ModelFolders}. */
    @Param("nano")
    public String model = "";

    /** How many messages the history has, an odd number. */
    @Param("1001")
    public int messages;

    @SuppressWarnings("NullAway.Init")
    private OpenModel open;

    @SuppressWarnings("NullAway.Init")
    private PromptRenderer renderer;

    @SuppressWarnings("NullAway.Init")
    private ChatRequest request;

    private int[] ids = {};

    /** Opens the model, and makes the history. */
    @Setup
    public void open() throws IOException {
        open = OpenModel.open(model, OpenModel.BEST, Runtime.getRuntime().availableProcessors());
        Path folder = ModelFolders.find(model);
        Path file = template.equals("nano") ? folder.resolve("chat_template.jinja") : Path.of(template);
        ChatTemplate parsed = ChatTemplate.parse(Files.readString(file), TemplateLimits.DEFAULT);
        Tokenizer tokenizer = Tokenizer.load(ModelFolder.open(folder).tokenizerFile());
        renderer = new PromptRenderer(
                parsed, parsed, tokenizer, Map.of("bos_token", "<s>", "eos_token", "</s>"), Set.of(), Optional.empty());
        request = ChatRequest.builder().messages(history()).build();
        ids = renderer.prompt(request.messages(), RenderSettings.of(request), null)
                .ids();
        System.out.printf("# %d messages, %d tokens%n", messages, ids.length);
    }

    /** Closes the model. */
    @TearDown
    public void close() {
        open.close();
    }

    /** Renders and encodes the history. */
    @Benchmark
    public int render() {
        return renderer.prompt(request.messages(), RenderSettings.of(request), null)
                .ids()
                .length;
    }

    /** Reads its ids into an empty state. */
    @Benchmark
    public int prefill() {
        try (SequenceState state = open.network().newState()) {
            return open.prefill(state, ids).argMax(0);
        }
    }

    private List<ChatMessage> history() throws IOException {
        List<String> lines = SampleTexts.named("english")
                .lines()
                .filter(line -> !line.isBlank())
                .toList();
        List<ChatMessage> history = new ArrayList<>();
        for (int i = 0; i < messages - 1; i++) {
            String line = lines.get(i % lines.size());
            history.add(i % 2 == 0 ? ChatMessage.user(line) : ChatMessage.assistant(line));
        }
        history.add(ChatMessage.user("And now?"));
        return history;
    }
}
