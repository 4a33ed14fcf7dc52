package dev.longspan.benchmarks;

import dev.longspan.ChatEngine;
import dev.longspan.ChatEngineBuilder;
import dev.longspan.ChatRequest;
import dev.longspan.ChatResponse;
import dev.longspan.TokenUsage;
import dev.longspan.spi.SequenceState;
import java.io.IOException;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What the engine costs beside the network: a whole request through {@link ChatEngine}, and the same number of prompt and
 * answer tokens through the SPI. Read the column {@code tokens}; the ratio of the two methods is the engine's share. With
 * {@code -prof gc} the difference of {@code gc.alloc.rate.norm}, divided by the answer's tokens, is what the engine
 * allocates for each.
 */
@State(Scope.Benchmark)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class EngineBenchmark {
    private static final int WORD_LENGTH = 4;

    /** A model's name, see ModelFolders. */
    @Param({"nano", "0.1b"})
    public String model = "";

    /** About how many tokens the prompt has. */
    @Param({"128", "4096"})
    public int prompt;

    /** How many tokens the answer may have. */
    @Param("128")
    public int answer;

    /** How many threads the backend computes with. */
    @Param({"1", "2"})
    public int threads;

    /** A backend's id, or {@code best}. */
    @Param(OpenModel.BEST)
    public String backend = "";

    @SuppressWarnings("NullAway.Init")
    private OpenModel open;

    @SuppressWarnings("NullAway.Init")
    private ChatEngine engine;

    private String text = "";
    private int requests;
    private int promptTokens;
    private int answerTokens;
    private int[] ids = {};
    private final int[] id = new int[1];

    /** Opens the model twice, and finds out how long the answer is. */
    @Setup
    public void open() throws IOException {
        open = OpenModel.open(model, backend, threads);
        ChatEngineBuilder builder = ChatEngine.builder()
                .model(ModelFolders.find(model))
                .threads(threads)
                .maxContextTokens(2 * prompt + answer);
        engine = (backend.equals(OpenModel.BEST) ? builder : builder.backend(backend)).build();
        text = promptText();
        TokenUsage usage = engine.chat(request()).usage();
        promptTokens = usage.promptTokens();
        answerTokens = usage.completionTokens();
        ids = open.randomIds(promptTokens);
        System.out.printf("# prompt %d tokens, answer %d tokens%n", promptTokens, answerTokens);
    }

    /** Closes both. */
    @TearDown
    public void close() {
        engine.close();
        open.close();
    }

    /** A whole request. */
    @Benchmark
    public ChatResponse engine(TokenCounter counter) {
        ChatResponse response = engine.chat(request());
        counter.tokens += response.usage().totalTokens() - response.usage().reusedTokens();
        return response;
    }

    /** The same number of tokens without the engine. */
    @Benchmark
    public int network(TokenCounter counter) {
        try (SequenceState state = open.network().newState()) {
            id[0] = open.prefill(state, ids).argMax(0);
            for (int i = 1; i < answerTokens; i++) {
                id[0] = open.step(state, id).argMax(0);
            }
        }
        counter.tokens += promptTokens + answerTokens;
        return id[0];
    }

    /** Begins with a number of its own, so that nothing of the request before can be used again. */
    private ChatRequest request() {
        requests++;
        return ChatRequest.builder()
                .user(requests + text)
                .maxTokens(answer)
                .temperature(0)
                .build();
    }

    private String promptText() {
        SplittableRandom random = new SplittableRandom(1);
        StringBuilder words = new StringBuilder();
        while (engine.countTokens(ChatRequest.of(words.toString())) < prompt) {
            for (int n = 0; n < 1 + prompt / 64; n++) {
                words.append(' ');
                for (int i = 0; i < WORD_LENGTH; i++) {
                    words.append((char) ('a' + random.nextInt(26)));
                }
            }
        }
        return words.toString();
    }
}
