package dev.longspan.tvm;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.AttentionKernels;
import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.Batch;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.DType;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.Logits;
import dev.longspan.spi.LongspanException;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.PartialAttention;
import dev.longspan.spi.PlanOptions;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import dev.longspan.spi.SpanAttention;
import dev.longspan.spi.SpanGeometry;
import dev.longspan.spi.StateSink;
import dev.longspan.spi.StateSource;
import dev.longspan.spi.TensorInfo;
import dev.longspan.spi.WeightSource;
import dev.longspan.tck.RandomModel;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A process that calls a backend's public methods at random: in any order, with arguments that are wrong, with what is closed, of
 * another owner or used on another thread at this time. Whatever is refused must be refused by an exception.
 */
final class HostileCalls {
    private static final int MOST_NUMBERS = 1 << 20;
    private static final int KEPT = 12;
    private static final int THREADS = 2;

    /** What threads hand to each other; what is taken out for another is not closed, so that much of it is closed by its owner. */
    private static final class Pool<T> {
        private final List<T> all = new ArrayList<>();

        synchronized void add(T one, Random random) {
            if (all.size() < KEPT) {
                all.add(one);
            } else {
                all.set(random.nextInt(KEPT), one);
            }
        }

        synchronized @Nullable T any(Random random) {
            return all.isEmpty() ? null : all.get(random.nextInt(all.size()));
        }
    }

    private static final Pool<Backend> BACKENDS = new Pool<>();
    private static final Pool<LanguageModel> MODELS = new Pool<>();
    private static final Pool<SequenceState> STATES = new Pool<>();
    private static final Pool<Checkpoint> CHECKPOINTS = new Pool<>();
    private static final Pool<Logits> LOGITS = new Pool<>();
    private static final Pool<AttentionKernels> KERNELS = new Pool<>();

    private final Random random;
    private final AtomicInteger succeeded;

    private HostileCalls(long seed, AtomicInteger succeeded) {
        this.random = new Random(seed);
        this.succeeded = succeeded;
    }

    /**
     * Makes calls; exits with 0 if each returned or threw what may be thrown, and tells how many returned.
     *
     * @param arguments the seed, and how many calls
     */
    public static void main(String[] arguments) throws InterruptedException {
        long seed = Long.parseLong(arguments[0]);
        int calls = Integer.parseInt(arguments[1]);
        AtomicInteger succeeded = new AtomicInteger();
        AtomicInteger faults = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            HostileCalls hostile = new HostileCalls(seed * THREADS + i, succeeded);
            Thread thread = new Thread(() -> faults.addAndGet(hostile.call(calls / THREADS)));
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        System.out.println(succeeded + " of " + calls + " calls returned, " + faults + " threw what may not be thrown");
        Runtime.getRuntime().halt(faults.get() == 0 ? 0 : 1);
    }

    private int call(int calls) {
        int faults = 0;
        for (int i = 0; i < calls; i++) {
            boolean returned = false;
            try {
                any();
                returned = true;
            } catch (IllegalArgumentException
                    | IllegalStateException
                    | IndexOutOfBoundsException
                    | LongspanException
                    | Planned refused) {
                returned = false; // as it should be
            } catch (RuntimeException | Error e) {
                faults++;
                e.printStackTrace(System.out);
            }
            succeeded.addAndGet(returned ? 1 : 0);
        }
        return faults;
    }

    /** What sources and sinks of this class throw. */
    private static final class Planned extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    private void any() {
        switch (random.nextInt(16)) {
            case 0 -> open();
            case 1 -> load();
            case 2 -> plan();
            case 3 -> begin();
            case 4, 5, 6, 7, 8 -> forward();
            case 9 -> logits();
            case 10 -> checkpoint();
            case 11 -> write();
            case 12 -> read();
            case 13 -> attend();
            case 14 -> merge();
            default -> close();
        }
    }

    private void open() {
        String limit = random.nextBoolean() ? "" + (1L << random.nextInt(40)) : "" + (20 << 20);
        BackendOptions options = new BackendOptions(1 + random.nextInt(3), "cpu", Map.of("memoryLimitBytes", limit));
        Backend backend = new TvmBackendProvider().open(options);
        BACKENDS.add(backend, random);
        KERNELS.add(backend.attention(), random);
    }

    private static <T> T some(@Nullable T any) {
        if (any == null) {
            throw new IllegalStateException("there is none yet");
        }
        return any;
    }

    private void load() {
        RandomModel model = RandomModel.of(random.nextInt(20));
        WeightSource source = random.nextInt(3) > 0 ? model.weights() : new Broken(model.weights());
        Backend backend = some(BACKENDS.any(random));
        LanguageModel loaded = backend.load(model.spec(), source, (done, total) -> {
            if (random.nextInt(200) == 0) {
                backend.close();
            }
        });
        MODELS.add(loaded, random);
        STATES.add(loaded.newState(), random);
    }

    /** Weights of which any answer may be wrong. */
    private final class Broken implements WeightSource {
        private final WeightSource right;

        Broken(WeightSource right) {
            this.right = right;
        }

        private void fault() {
            if (random.nextInt(60) == 0) {
                throw new Planned();
            }
        }

        @Override
        public Set<String> names() {
            fault();
            return right.names();
        }

        @Override
        public TensorInfo info(String name) {
            fault();
            TensorInfo info = right.info(name);
            return random.nextInt(40) == 0
                    ? new TensorInfo(
                            name, List.of(DType.values()).get(random.nextInt(3)), List.of((long) random.nextInt(99)))
                    : info;
        }

        @Override
        public void read(String name, long offset, ByteBuffer target) {
            fault();
            if (random.nextInt(40) == 0) {
                target.position(target.position() + random.nextInt(target.remaining() + 1)); // less than was asked for
            } else {
                right.read(name, offset, target);
            }
        }

        @Override
        public ByteBuffer map(String name, long offset, long length) {
            fault();
            ByteBuffer mapped = right.map(name, offset, length);
            return random.nextInt(40) == 0 ? ByteBuffer.allocate(random.nextInt(9)) : mapped;
        }
    }

    private void plan() {
        ModelSpec spec = RandomModel.of(random.nextInt(20)).spec();
        some(BACKENDS.any(random))
                .plan(spec, new PlanOptions(number(), number(), number(), number()))
                .sequence(number());
    }

    /** A small number, one that is large, or one that is wrong. */
    private int number() {
        return switch (random.nextInt(6)) {
            case 0 -> random.nextInt();
            case 1 -> Integer.MAX_VALUE - random.nextInt(3);
            case 2 -> random.nextInt(3) - 1;
            default -> random.nextInt(100);
        };
    }

    private void begin() {
        LanguageModel model = some(MODELS.any(random));
        boolean fresh = random.nextBoolean();
        STATES.add(fresh ? model.newState() : model.newState(some(CHECKPOINTS.any(random))), random);
    }

    private void forward() {
        LanguageModel model = some(MODELS.any(random));
        List<Run> runs = new ArrayList<>();
        for (int left = 1 + random.nextInt(3); left > 0; left--) {
            int[] ids = new int[1 + random.nextInt(random.nextInt(20) == 0 ? 5000 : 60)];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = random.nextInt(3000) == 0 ? number() : random.nextInt(30);
            }
            SequenceState state = random.nextInt(3) == 0 ? model.newState() : some(STATES.any(random));
            runs.add(new Run(state, ids, 0, ids.length, random.nextInt(ids.length + 1)));
            STATES.add(state, random);
        }
        for (RunResult result : model.forward(new Batch(runs))) {
            if (result instanceof RunResult.Success success) {
                LOGITS.add(success.logits(), random);
            }
        }
    }

    private void logits() {
        Logits logits = some(LOGITS.any(random));
        int row = random.nextInt(4) == 0 ? number() : 0;
        logits.argMax(row);
        logits.copyTo(row, new float[random.nextInt(4) == 0 ? random.nextInt(50) : logits.vocabularySize()]);
    }

    private void checkpoint() {
        SequenceState state = some(STATES.any(random));
        Checkpoint checkpoint = state.checkpoint();
        CHECKPOINTS.add(checkpoint, random);
        if (checkpoint.exclusiveBytes() > checkpoint.bytes() || state.bytes() < 0 || state.length() < 0) {
            throw new AssertionError("more bytes are exclusive than there are");
        }
    }

    private void write() {
        some(CHECKPOINTS.any(random)).write(new StateSink() {
            @Override
            public boolean begin(TensorInfo tensor) {
                close(20);
                return random.nextInt(4) > 0;
            }

            @Override
            public void write(ByteBuffer bytes) {
                close(20);
                bytes.get(new byte[random.nextInt(bytes.remaining() + 1)]);
            }

            private void close(int seldom) {
                if (random.nextInt(seldom) == 0) {
                    HostileCalls.this.close();
                } else if (random.nextInt(seldom) == 0) {
                    throw new Planned();
                }
            }
        });
    }

    private void read() {
        LanguageModel model = some(MODELS.any(random));
        Checkpoint right = some(CHECKPOINTS.any(random));
        int length = random.nextInt(3) == 0 ? number() : right.length();
        List<TensorInfo> tensors = right.tensors();
        StateSource source = new StateSource() {
            @Override
            public int length() {
                return length;
            }

            @Override
            public TensorInfo info(String name) {
                return tensors.stream()
                        .filter(each -> each.name().equals(name) && random.nextInt(50) > 0)
                        .findFirst()
                        .orElseGet(() -> new TensorInfo(name, DType.BF16, List.of((long) random.nextInt(200), 2L)));
            }

            @Override
            public void read(String name, long offset, ByteBuffer target) {
                if (random.nextInt(60) == 0) {
                    throw new Planned();
                }
                byte[] bytes = new byte[random.nextInt(30) == 0 ? target.remaining() / 2 : target.remaining()];
                random.nextBytes(bytes);
                target.put(bytes);
            }
        };
        CHECKPOINTS.add(
                random.nextBoolean()
                        ? model.readCheckpoint(source)
                        : model.readCheckpoint(source, some(CHECKPOINTS.any(random))),
                random);
    }

    private AttentionHeads heads() {
        if (random.nextInt(40) == 0) {
            return hugeHeads();
        }
        int shared = 1 + random.nextInt(3);
        return new AttentionHeads(shared * (1 + random.nextInt(3)), shared, 1 + random.nextInt(20));
    }

    /** Whose numbers are often more than an int can say; some such products come round to a small one. */
    private AttentionHeads hugeHeads() {
        int shared = 1 << random.nextInt(17);
        int group = (shared == 1 ? 65537 : 1) + random.nextInt(3);
        return new AttentionHeads(shared * group, shared, 1 << random.nextInt(29));
    }

    /** As many as there should be, or not; as a wrong product would say where they are very many. */
    private float[] numbers(long count) {
        long wanted = count > MOST_NUMBERS ? (count & 0xffffffffL) % MOST_NUMBERS : count;
        float[] numbers = new float[(int) (random.nextInt(12) == 0 ? random.nextInt(300) : wanted)];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] =
                    random.nextInt(500) == 0 ? Float.intBitsToFloat(random.nextInt()) : (float) random.nextGaussian();
        }
        return numbers;
    }

    private int[] positions(int count, int tokens) {
        int[] positions = new int[count];
        for (int i = 0; i < count; i++) {
            positions[i] = random.nextInt(200) == 0 ? number() : random.nextInt(tokens);
        }
        return positions;
    }

    private void attend() {
        AttentionKernels kernels = some(KERNELS.any(random));
        AttentionHeads heads = heads();
        int spans = 1 + random.nextInt(4);
        SpanGeometry geometry =
                new SpanGeometry(new SpanAttention(random.nextInt(8), spans, 2, 1, 0.5, 0.5, random.nextGaussian()));
        int tokens = 1 + random.nextInt(80);
        int first = random.nextInt(5) == 0 ? number() : random.nextInt(tokens);
        long rows = (long) (tokens - Math.min(tokens - 1, Math.max(0, first))) * heads.queryHeads();
        float[] search = numbers(rows * heads.headSize());
        float[] queries = numbers(rows * heads.headSize());
        float[] keys = numbers((long) tokens * heads.keyValueHeads() * heads.headSize());
        float[] values = numbers((long) tokens * heads.keyValueHeads() * heads.headSize());
        switch (random.nextInt(4)) {
            case 0 -> kernels.search(heads, geometry, first, search, keys);
            case 1 -> kernels.window(heads, geometry, first, queries, keys, values);
            case 2 -> {
                int[] starts = positions((int) rows * spans, tokens);
                int[] ends = positions((int) rows * spans, tokens);
                kernels.spans(heads, spans, queries, keys, values, starts, ends);
            }
            default -> kernels.attend(heads, geometry, first, search, queries, keys, values);
        }
    }

    private void merge() {
        AttentionHeads heads = heads();
        int spans = 1 + random.nextInt(4);
        long rows = (1L + random.nextInt(9)) * heads.queryHeads();
        PartialAttention window = new PartialAttention(numbers(rows * heads.headSize()), numbers(rows));
        PartialAttention all = new PartialAttention(numbers(rows * spans * heads.headSize()), numbers(rows * spans));
        some(KERNELS.any(random)).merge(heads, spans, window, all, numbers(rows * spans));
    }

    private void close() {
        switch (random.nextInt(20)) {
            case 0 -> some(BACKENDS.any(random)).close();
            case 1, 2 -> some(MODELS.any(random)).close();
            case 3, 4, 5, 6, 7, 8, 9, 10, 11 -> some(STATES.any(random)).close();
            default -> some(CHECKPOINTS.any(random)).close();
        }
    }
}
