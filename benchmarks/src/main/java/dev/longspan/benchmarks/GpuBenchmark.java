package dev.longspan.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.BackendProvider;
import dev.longspan.spi.Batch;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.Logits;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import dev.longspan.spi.TensorInfo;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.ServiceLoader;

/**
 * Measures the released model's shape on a GPU: {@code GpuBenchmark [layers [tokens ...]]}. Weights are made up; the states of long
 * contexts, too, so that anchors lie anywhere. Prints a table in Markdown; {@code -Dlongspan.bench.report=FILE} names a file for the
 * same as JSON. Of steps the median of {@value #STEPS} counts, of prompts the second of two.
 */
public final class GpuBenchmark {
    private static final int STEPS = 100;
    private static final int WARM_UP = 5;
    private static final int PROMPT = 4096;

    private final Backend backend;
    private final LanguageModel model;
    private final List<Row> rows = new ArrayList<>();

    private GpuBenchmark(Backend backend, LanguageModel model) {
        this.backend = backend;
        this.model = model;
    }

    /**
     * What was measured.
     *
     * @param work prefill or decode
     * @param context how many tokens were there before
     * @param sequences how many at once
     * @param milliseconds a step, or the whole prompt
     * @param tokensPerSecond of all sequences together
     * @param gigabytes what the backend holds on the device
     */
    record Row(String work, int context, int sequences, double milliseconds, double tokensPerSecond, double gigabytes) {
        private String markdown() {
            return String.format(
                    Locale.ROOT,
                    "| %s | %,d | %d | %.3f | %.0f | %.1f |",
                    work,
                    context,
                    sequences,
                    milliseconds,
                    tokensPerSecond,
                    gigabytes);
        }
    }

    /**
     * All of it.
     *
     * @param backend the backend in words
     * @param layers how many layers the network had
     * @param loadSeconds how long loading took
     */
    record Report(String backend, int layers, double loadSeconds, List<Row> rows) {}

    /** Runs it. */
    public static void main(String[] args) throws IOException {
        int layers = args.length > 0 ? Integer.parseInt(args[0]) : 52;
        int[] lengths = args.length > 1
                ? Arrays.stream(args).skip(1).mapToInt(Integer::parseInt).toArray()
                : new int[] {1024, 131_072, 1_048_576};
        BackendProvider provider = ServiceLoader.load(BackendProvider.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(each -> each.id().equals("tvm"))
                .findFirst()
                .orElseThrow();
        ModelSpec spec = ReleasedShape.spec(layers);
        PrintStream out = System.out;
        Report report;
        try (Backend backend = provider.open(BackendOptions.defaults().withDevice("cuda"))) {
            long start = System.nanoTime();
            try (LanguageModel model = backend.load(spec, new ReleasedShape.Weights(spec), (done, total) -> {})) {
                double loading = seconds(start);
                GpuBenchmark benchmark = new GpuBenchmark(backend, model);
                benchmark.prefill();
                for (int length : lengths) {
                    benchmark.decode(length);
                }
                report = new Report(backend.description(), layers, loading, benchmark.rows);
            }
        }
        out.println(report.backend());
        out.printf(Locale.ROOT, "%d layers, loaded in %.1f s%n%n", layers, report.loadSeconds());
        out.println("| work | context | at once | ms | tokens a second | GB held |");
        out.println("|---|---:|---:|---:|---:|---:|");
        report.rows().forEach(row -> out.println(row.markdown()));
        String file = System.getProperty("longspan.bench.report", "");
        if (!file.isEmpty()) {
            new ObjectMapper().writeValue(Path.of(file).toFile(), report);
        }
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }

    private void prefill() {
        double elapsed = 0;
        for (int round = 0; round < 2; round++) {
            try (SequenceState state = model.newState()) {
                int[] ids = new int[PROMPT];
                Arrays.setAll(ids, i -> (i * 7919 + 13) % 131_072);
                long start = System.nanoTime();
                logits(model.forward(Batch.of(Run.last(state, ids))).get(0)).argMax(0);
                elapsed = seconds(start);
            }
        }
        add("prefill of " + PROMPT, 0, 1, elapsed, PROMPT / elapsed);
    }

    private void add(String work, int context, int sequences, double elapsed, double rate) {
        rows.add(new Row(
                work,
                context,
                sequences,
                elapsed * 1e3,
                rate,
                backend.memory().used().deviceBytes() / 1e9));
    }

    private static Logits logits(RunResult result) {
        if (result instanceof RunResult.Success success) {
            return success.logits();
        }
        throw new IllegalStateException(result.toString());
    }

    private void decode(int length) {
        List<TensorInfo> empty;
        try (SequenceState none = model.newState();
                Checkpoint nothing = none.checkpoint()) {
            empty = nothing.tensors();
        }
        try (Checkpoint context = model.readCheckpoint(new ReleasedShape.State(empty, length))) {
            for (int sequences : new int[] {1, 4, 8}) {
                steps(context, length, sequences);
            }
        }
    }

    private void steps(Checkpoint context, int length, int sequences) {
        List<SequenceState> states = new ArrayList<>();
        try {
            for (int i = 0; i < sequences; i++) {
                states.add(model.newState(context));
            }
            int[] ids = new int[sequences];
            Arrays.setAll(ids, i -> 1000 + i);
            long[] times = new long[STEPS];
            for (int step = -WARM_UP; step < STEPS; step++) {
                long start = System.nanoTime();
                List<Run> runs = new ArrayList<>();
                for (int i = 0; i < sequences; i++) {
                    runs.add(Run.last(states.get(i), ids[i]));
                }
                List<RunResult> results = model.forward(new Batch(runs));
                for (int i = 0; i < sequences; i++) {
                    ids[i] = logits(results.get(i)).argMax(0);
                }
                if (step >= 0) {
                    times[step] = System.nanoTime() - start;
                }
            }
            Arrays.sort(times);
            double median = times[STEPS / 2] / 1e9;
            add("decode", length, sequences, median, sequences / median);
        } finally {
            states.forEach(SequenceState::close);
        }
    }
}
