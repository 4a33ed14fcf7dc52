package dev.longspan.benchmarks;

import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.SequenceState;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Tokens per second while 128 tokens are decoded one by one, each the most likely, behind a prompt, through the SPI. Read
 * the column {@code tokens}. Every operation starts from the same checkpoint, which is not timed.
 */
@State(Scope.Benchmark)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class DecodeBenchmark {
    private static final int STEPS = 128;

    /** A model's name, see ModelFolders. */
    @Param({"nano", "0.1b"})
    public String model = "";

    /** How many tokens the prompt has. */
    @Param({"128", "4096"})
    public int after;

    /** How many threads the backend computes with. */
    @Param({"1", "2"})
    public int threads;

    /** A backend's id, or {@code best}. */
    @Param(OpenModel.BEST)
    public String backend = "";

    @SuppressWarnings("NullAway.Init")
    private OpenModel open;

    @SuppressWarnings("NullAway.Init")
    private Checkpoint checkpoint;

    @SuppressWarnings("NullAway.Init")
    private SequenceState state;

    private int first;
    private final int[] id = new int[1];

    /** Opens the model and reads the prompt. */
    @Setup
    public void open() throws IOException {
        open = OpenModel.open(model, backend, threads);
        try (SequenceState read = open.network().newState()) {
            first = open.prefill(read, open.randomIds(after)).argMax(0);
            checkpoint = read.checkpoint();
        }
    }

    /** Goes back behind the prompt. */
    @Setup(Level.Invocation)
    public void rewind() {
        state = open.network().newState(checkpoint);
    }

    /** Closes what the operation has used. */
    @TearDown(Level.Invocation)
    public void drop() {
        state.close();
    }

    /** Closes the model. */
    @TearDown
    public void close() {
        checkpoint.close();
        open.close();
    }

    /** Decodes 128 tokens. */
    @Benchmark
    public int decode(TokenCounter counter) {
        id[0] = first;
        for (int i = 0; i < STEPS; i++) {
            id[0] = open.step(state, id).argMax(0);
        }
        counter.tokens += STEPS;
        return id[0];
    }
}
