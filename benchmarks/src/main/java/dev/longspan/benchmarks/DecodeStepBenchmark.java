package dev.longspan.benchmarks;

import dev.longspan.spi.SequenceState;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
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
 * What one decoded token allocates, through the SPI: run it with {@code -prof gc} and read {@code gc.alloc.rate.norm}, in
 * bytes per token. The cache of keys and values grows with every token and is meant to: the column {@code cacheBytes},
 * divided by {@code steps}, says by how much, and is to be taken off. The state lives through the whole trial.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 2, time = 3)
@Measurement(iterations = 3, time = 3)
public class DecodeStepBenchmark {
    private static final int PROMPT = 128;

    /** A model's name, see ModelFolders. */
    @Param({"nano", "0.1b"})
    public String model = "";

    /** How many threads the backend computes with. */
    @Param({"1", "2"})
    public int threads;

    /** A backend's id, or {@code best}. */
    @Param(OpenModel.BEST)
    public String backend = "";

    @SuppressWarnings("NullAway.Init")
    private OpenModel open;

    @SuppressWarnings("NullAway.Init")
    private SequenceState state;

    private final int[] id = new int[1];

    /** By how much the state has grown, and in how many steps. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.EVENTS)
    public static class Growth {
        /** Bytes of keys and values that were added. */
        public long cacheBytes;

        /** Tokens that were added. */
        public long steps;
    }

    /** Opens the model and reads a short prompt. */
    @Setup
    public void open() throws IOException {
        open = OpenModel.open(model, backend, threads);
        state = open.network().newState();
        id[0] = open.prefill(state, open.randomIds(PROMPT)).argMax(0);
    }

    /** Closes the model. */
    @TearDown
    public void close() {
        state.close();
        open.close();
    }

    /** Decodes one token. */
    @Benchmark
    public int step(Growth growth) {
        long before = state.bytes();
        id[0] = open.step(state, id).argMax(0);
        growth.cacheBytes += state.bytes() - before;
        growth.steps++;
        return id[0];
    }
}
