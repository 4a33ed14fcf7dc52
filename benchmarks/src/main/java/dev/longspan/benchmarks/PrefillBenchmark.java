package dev.longspan.benchmarks;

import dev.longspan.spi.Logits;
import dev.longspan.spi.SequenceState;
import java.io.IOException;
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

/** Tokens per second while a prompt is read into an empty state, through the SPI. Read the column {@code tokens}. */
@State(Scope.Benchmark)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class PrefillBenchmark {
    /** A model's name, see ModelFolders. */
    @Param({"nano", "0.1b"})
    public String model = "";

    /** How many tokens the prompt has. */
    @Param({"512", "4096"})
    public int prompt;

    /** How many threads the backend computes with. */
    @Param({"1", "2"})
    public int threads;

    /** A backend's id, or {@code best}. */
    @Param(OpenModel.BEST)
    public String backend = "";

    @SuppressWarnings("NullAway.Init")
    private OpenModel open;

    private int[] ids = {};

    /** Opens the model. */
    @Setup
    public void open() throws IOException {
        open = OpenModel.open(model, backend, threads);
        ids = open.randomIds(prompt);
    }

    /** Closes the model. */
    @TearDown
    public void close() {
        open.close();
    }

    /** Reads the prompt in the engine's pieces, and takes the last logits. */
    @Benchmark
    public int prefill(TokenCounter counter) {
        try (SequenceState state = open.network().newState()) {
            Logits logits = open.prefill(state, ids);
            counter.tokens += prompt;
            return logits.argMax(0);
        }
    }
}
