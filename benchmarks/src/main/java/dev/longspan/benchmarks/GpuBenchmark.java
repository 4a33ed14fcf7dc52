package dev.longspan.benchmarks;

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
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.ServiceLoader;

/**
 * Measures the released model's shape on a GPU: {@code GpuBenchmark [layers [tokens ...]]}. Weights are made up; the states of long
 * contexts, too, so that anchors lie anywhere. Each row of the table says how many tokens a second, and of steps the median.
 */
public final class GpuBenchmark {
    private static final int STEPS = 100;
    private static final int WARM_UP = 5;
    private static final int PROMPT = 4096;

    private final Backend backend;
    private final LanguageModel model;
    private final PrintStream out;

    private GpuBenchmark(Backend backend, LanguageModel model, PrintStream out) {
        this.backend = backend;
        this.model = model;
        this.out = out;
    }

    /** Runs it. */
    public static void main(String[] args) {
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
        try (Backend backend = provider.open(BackendOptions.defaults().withDevice("cuda"))) {
            out.println(backend.description());
            long start = System.nanoTime();
            try (LanguageModel model = backend.load(spec, new ReleasedShape.Weights(spec), (done, total) -> {})) {
                double bytes = backend.memory().used().deviceBytes();
                out.printf(Locale.ROOT, "%d layers, %.1f GB, loaded in %.1f s%n", layers, bytes / 1e9, seconds(start));
                GpuBenchmark benchmark = new GpuBenchmark(backend, model, out);
                benchmark.prefill();
                for (int length : lengths) {
                    benchmark.decode(length);
                }
            }
        }
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }

    private void prefill() {
        for (int round = 0; round < 2; round++) {
            try (SequenceState state = model.newState()) {
                int[] ids = new int[PROMPT];
                Arrays.setAll(ids, i -> (i * 7919 + 13) % 131_072);
                long start = System.nanoTime();
                logits(model.forward(Batch.of(Run.last(state, ids))).get(0)).argMax(0);
                out.printf(
                        Locale.ROOT, "prefill of %d tokens: %.0f tokens a second%n", PROMPT, PROMPT / seconds(start));
            }
        }
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
        long start = System.nanoTime();
        try (Checkpoint context = model.readCheckpoint(new ReleasedShape.State(empty, length))) {
            out.printf(
                    Locale.ROOT,
                    "a state of %d tokens: %.2f GB, read in %.1f s%n",
                    length,
                    context.bytes() / 1e9,
                    seconds(start));
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
            out.printf(
                    Locale.ROOT,
                    "decode at %d tokens, %d at once: %.3f ms a step, %.0f tokens a second (fastest %.3f ms); %.1f GB used%n",
                    length,
                    sequences,
                    median * 1e3,
                    sequences / median,
                    times[0] / 1e6,
                    backend.memory().used().deviceBytes() / 1e9);
        } finally {
            states.forEach(SequenceState::close);
        }
    }
}
