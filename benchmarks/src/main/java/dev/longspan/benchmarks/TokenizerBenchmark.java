package dev.longspan.benchmarks;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.longspan.tokenizer.Tokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
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
 * Encoding on one thread, ours and the Hugging Face library's through its Java binding, on the same pieces of the same text
 * with the same {@code tokenizer.json}. Read the column {@code bytes}: UTF-8 bytes per second.
 */
@State(Scope.Benchmark)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class TokenizerBenchmark {
    /** Cuts the text; about the length of a long message. */
    private static final int PIECE = 4_000;

    /** See {@link LearntTokenizer}. */
    @Param({"llama3", "qwen2", "gpt2", "llama2"})
    public String kind = "";

    /** See {@link SampleTexts}. */
    @Param({"english", "code", "chinese"})
    public String text = "";

    private final List<String> pieces = new ArrayList<>();
    private final List<Integer> sizes = new ArrayList<>();
    private int next;

    @SuppressWarnings("NullAway.Init")
    private Tokenizer ours;

    @SuppressWarnings("NullAway.Init")
    private HuggingFaceTokenizer theirs;

    /** The bytes that were encoded; JMH reports them per second. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    public static class ByteCounter {
        /** How many bytes this iteration has encoded. */
        public long bytes;
    }

    /** Learns a tokenizer, and checks that both encode the whole text to the same ids. */
    @Setup
    public void open() throws IOException {
        Path cache = Files.createTempDirectory("tokenizers");
        System.setProperty("DJL_CACHE_DIR", cache.toString());
        System.setProperty("ENGINE_CACHE_DIR", cache.toString());
        System.setProperty("OPT_OUT_TRACKING", "true");
        System.setProperty("ai.djl.offline", "true");
        String json = LearntTokenizer.json(kind);
        ours = Tokenizer.read(new StringReader(json));
        theirs = HuggingFaceTokenizer.newInstance(
                new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)),
                Map.of("truncation", "false", "padding", "false"));
        String whole = SampleTexts.named(text);
        for (int from = 0; from + PIECE <= whole.length(); from += PIECE) {
            String piece = whole.substring(from, from + PIECE);
            pieces.add(piece);
            sizes.add(piece.getBytes(StandardCharsets.UTF_8).length);
            int[] expected = Arrays.stream(theirs.encode(piece, false, false).getIds())
                    .mapToInt(Math::toIntExact)
                    .toArray();
            if (!Arrays.equals(ours.encode(piece), expected)) {
                throw new IllegalStateException("the ids differ at character " + from);
            }
        }
        System.out.printf("# %d tokens in the vocabulary, %d pieces%n", ours.vocabularySize(), pieces.size());
    }

    /** Closes the other library. */
    @TearDown
    public void close() {
        theirs.close();
    }

    /** Our tokenizer. */
    @Benchmark
    public int longspan(ByteCounter counter) {
        return ours.encode(piece(counter)).length;
    }

    /** The Hugging Face library. */
    @Benchmark
    public int huggingFace(ByteCounter counter) {
        return theirs.encode(piece(counter), false, false).getIds().length;
    }

    private String piece(ByteCounter counter) {
        next = (next + 1) % pieces.size();
        counter.bytes += sizes.get(next);
        return pieces.get(next);
    }
}
