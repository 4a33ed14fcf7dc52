package dev.longspan.tck;

import static dev.longspan.tck.ConformanceRule.required;
import static dev.longspan.tck.Driver.require;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.Backend;
import dev.longspan.spi.DType;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.MemoryPlan;
import dev.longspan.spi.MemorySize;
import dev.longspan.spi.ModelLoadException;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.PlanOptions;
import dev.longspan.spi.Support;
import dev.longspan.spi.TensorInfo;
import dev.longspan.spi.WeightSource;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** The rules of loading a model. */
final class LoadingRules {
    private static final long HUGE = 100_000_000_000L;

    private static final int CONTEXT = 1000;
    /** How many tensors are offered with their sizes turned. */
    private static final int TURNED = 4;

    private LoadingRules() {}

    static List<ConformanceRule> all() {
        return List.of(
                required(
                        "M1.plan",
                        "supports and plan answer for a network larger than any memory, and for any work, and take none",
                        "plan must compute sizes (in long arithmetic), allocate nothing, and refuse no options",
                        LoadingRules::plansWithoutWeights),
                required(
                        "M1.unsupported",
                        "plan and load refuse a network that supports refuses",
                        "ask supports first, and throw IllegalArgumentException with its words",
                        LoadingRules::theUnsupportedIsRefused),
                required(
                        "M3.missing",
                        "a missing weight is a ModelLoadException that names the tensor, and nothing stays in memory",
                        "what was allocated before the exception; free it in a catch that rethrows",
                        subject -> subject.models((driver, model) -> aMissingWeightIsNamed(driver.backend(), model))),
                required(
                        "M3.shape",
                        "a misshapen weight is a ModelLoadException that names the tensor, and nothing stays in memory",
                        "compare the shape of every tensor with ModelSpec.tensors before reading it",
                        subject -> subject.models((driver, model) -> aMisshapenWeightIsNamed(driver, model))),
                required(
                        "M3.reading",
                        "a weight that cannot be read ends the load with the source's exception, and nothing stays",
                        "do not wrap or swallow what WeightSource throws; free what was allocated",
                        subject -> subject.models((driver, model) -> anUnreadableWeightEndsTheLoad(driver, model))),
                required(
                        "M3.progress",
                        "progress never goes back, ends with all bytes and is told on the thread that loads",
                        "call progress after each tensor, not from a thread that reads; the total is that of all tensors, as the source has them",
                        subject -> subject.models((driver, model) -> progressIsTold(driver.backend(), model))));
    }

    private static void plansWithoutWeights(Subject subject) {
        Backend backend = subject.open();
        MemorySize before = backend.memory().used();
        ModelSpec huge = huge(backend);
        MemoryPlan plan = backend.plan(huge, new PlanOptions(4, 512, 10_000_000));
        require(plan.weights().totalBytes() > HUGE, "the plan has " + plan.weights() + " for 300 GB of weights");
        if (huge.layers().get(0) instanceof LayerSpec.Attention) {
            long context = plan.sequence(10_000_000).totalBytes();
            require(context > HUGE, "the plan has " + context + " bytes for a sequence of ten million tokens");
        }
        answersForAnyWork(backend, huge);
        require(backend.memory().used().equals(before), "planning took memory");
    }

    /** Batches that are larger than they may be will not come, but a plan for them is no fault. */
    private static void answersForAnyWork(Backend backend, ModelSpec spec) {
        int runs = more(backend.capabilities().maxRuns());
        int tokens = more(backend.capabilities().maxBatchTokens());
        List<PlanOptions> all = List.of(new PlanOptions(runs, tokens, CONTEXT), new PlanOptions(1, 1, CONTEXT, tokens));
        for (PlanOptions options : all) {
            try {
                backend.plan(spec, options);
            } catch (IllegalArgumentException e) {
                throw new AssertionError("plan refuses " + options + " of a network that it supports: " + e, e);
            }
        }
    }

    private static int more(int most) {
        return Math.min(most, Integer.MAX_VALUE - 1) + 1;
    }

    /** A network of hundreds of gigabytes, of layers that the backend knows. */
    private static ModelSpec huge(Backend backend) {
        LayerSpec attention = new LayerSpec.Attention(new AttentionHeads(64, 8, 128), null);
        LayerSpec mamba = new LayerSpec.Mamba(128, 64, 8, 128, 4, 0, Double.POSITIVE_INFINITY);
        LayerSpec mlp = new LayerSpec.Mlp(131_072);
        List<List<LayerSpec>> kinds =
                List.of(List.of(attention, mamba, mlp), List.of(attention, mlp), List.of(mamba, mlp), List.of(mlp));
        for (List<LayerSpec> kind : kinds) {
            List<LayerSpec> layers = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                layers.addAll(kind);
            }
            ModelSpec huge = new ModelSpec("huge", 250_000, 16_384, 1e-5, false, layers);
            if (backend.supports(huge) instanceof Support.Supported) {
                return huge;
            }
        }
        throw new NotApplicable("it supports no network of this rule");
    }

    private static void theUnsupportedIsRefused(Subject subject) throws Exception {
        List<Subject.Network> kinds = List.of(
                RandomModel::mambaOnly,
                RandomModel::attentionOnly,
                RandomModel::spansOnly,
                RandomModel::mlpOnly,
                RandomModel::expertsOnly);
        Backend backend = subject.open();
        int refused = 0;
        for (Subject.Network kind : kinds) {
            RandomModel model = RandomModel.drawn(kind::draw, kinds.indexOf(kind));
            if (backend.supports(model.spec()) instanceof Support.Unsupported) {
                refused++;
                Driver.refused(
                        "plan of a network that is not supported",
                        () -> backend.plan(model.spec(), new PlanOptions(1, 1, 10)),
                        IllegalArgumentException.class);
                Driver.refused(
                        "load of a network that is not supported",
                        () -> backend.load(model.spec(), model.weights(), LoadProgress.NONE)
                                .close(),
                        IllegalArgumentException.class);
            }
        }
        if (refused == 0) {
            throw new NotApplicable("it supports every kind of layer");
        }
    }

    private static void aMissingWeightIsNamed(Backend backend, RandomModel model) {
        for (String name : some(model)) {
            failsNaming(backend, model.spec(), model.weights().without(name), name, "without " + name);
        }
    }

    private static void aMisshapenWeightIsNamed(Driver driver, RandomModel model) {
        for (String name : some(model)) {
            List<Long> shape = new ArrayList<>(model.weights().info(name).shape());
            shape.set(0, shape.get(0) + 1);
            misshapen(driver, model, name, shape);
        }
        int turned = 0;
        List<ModelSpec.Tensor> all = new ArrayList<>(model.spec().tensors());
        Collections.shuffle(all, driver.random());
        for (ModelSpec.Tensor tensor : all) {
            List<Long> shape = turned(tensor.shape());
            if (!shape.equals(tensor.shape()) && turned++ < TURNED) {
                misshapen(driver, model, tensor.name(), shape); // which has as many numbers
            }
        }
    }

    private static void misshapen(Driver driver, RandomModel model, String name, List<Long> shape) {
        long count = 1;
        for (long size : shape) {
            count *= size;
        }
        MemoryWeights wrong = model.weights().without(name);
        wrong.put(name, DType.F32, shape, new float[Math.toIntExact(count)]);
        failsNaming(driver.backend(), model.spec(), wrong, name, name + " with shape " + shape);
    }

    /** A shape whose first two neighbours that differ have changed places; the same if all sizes are equal. */
    static List<Long> turned(List<Long> shape) {
        List<Long> turned = new ArrayList<>(shape);
        for (int i = 1; i < shape.size(); i++) {
            if (!shape.get(i).equals(shape.get(i - 1))) {
                Collections.swap(turned, i, i - 1);
                break;
            }
        }
        return turned;
    }

    /** A tensor of each kind of place: the first, the last, and two between. */
    private static List<String> some(RandomModel model) {
        List<String> names =
                model.spec().tensors().stream().map(ModelSpec.Tensor::name).toList();
        Random random = new Random(names.size());
        return List.of(
                names.get(0),
                names.get(names.size() - 1),
                names.get(random.nextInt(names.size())),
                names.get(random.nextInt(names.size())));
    }

    private static void failsNaming(Backend backend, ModelSpec spec, WeightSource weights, String name, String what) {
        MemorySize before = backend.memory().used();
        RuntimeException fault = Driver.refused(
                "load " + what,
                () -> backend.load(spec, weights, LoadProgress.NONE).close(),
                ModelLoadException.class);
        require(String.valueOf(fault.getMessage()).contains(name), "the message does not name " + name + ": " + fault);
        nothingStays(backend, before, what);
    }

    private static void nothingStays(Backend backend, MemorySize before, String what) {
        MemorySize after = backend.memory().used();
        require(after.equals(before), "load " + what + " failed and leaves memory: " + before + ", then " + after);
    }

    private static void anUnreadableWeightEndsTheLoad(Driver driver, RandomModel model) {
        Backend backend = driver.backend();
        int reads = 1 + driver.random().nextInt(model.spec().tensors().size());
        MemorySize before = backend.memory().used();
        String words = "the disk is gone";
        RuntimeException fault = Driver.refused(
                "load of what cannot be read",
                () -> backend.load(model.spec(), new Failing(model.weights(), reads, words), LoadProgress.NONE)
                        .close(),
                ModelLoadException.class);
        require(String.valueOf(fault.getMessage()).contains(words), "the source's words are lost: " + fault);
        nothingStays(backend, before, "of what cannot be read");
    }

    /** Fails at one of its readings. */
    private record Failing(WeightSource source, AtomicInteger left, String words) implements WeightSource {
        Failing(WeightSource source, int reads, String words) {
            this(source, new AtomicInteger(reads), words);
        }

        private void count(String name) {
            if (left.decrementAndGet() <= 0) {
                throw new ModelLoadException("weights in memory", name, words);
            }
        }

        @Override
        public Set<String> names() {
            return source.names();
        }

        @Override
        public TensorInfo info(String name) {
            return source.info(name);
        }

        @Override
        public void read(String name, long offset, ByteBuffer target) {
            count(name);
            source.read(name, offset, target);
        }

        @Override
        public ByteBuffer map(String name, long offset, long length) {
            count(name);
            return source.map(name, offset, length);
        }
    }

    private static void progressIsTold(Backend backend, RandomModel model) {
        List<Long> seen = new ArrayList<>();
        List<Long> totals = new ArrayList<>();
        Set<Thread> tellers = ConcurrentHashMap.newKeySet();
        backend.load(model.spec(), model.weights(), (done, total) -> {
                    seen.add(done);
                    totals.add(total);
                    tellers.add(Thread.currentThread());
                })
                .close();
        require(!seen.isEmpty(), "progress was never told");
        require(tellers.equals(Set.of(Thread.currentThread())), "progress is told by " + tellers);
        long stored = model.spec().tensors().stream()
                .mapToLong(tensor -> model.weights().info(tensor.name()).bytes())
                .sum();
        require(totals.get(0) == stored, "the total is " + totals.get(0) + " bytes, expected " + stored);
        for (int i = 0; i < seen.size(); i++) {
            require(i == 0 || seen.get(i) >= seen.get(i - 1), "progress goes back: " + seen);
            require(totals.get(i).equals(totals.get(0)), "the total changes: " + totals);
        }
        long last = seen.get(seen.size() - 1);
        require(last == totals.get(0), "progress ends with " + last + " of " + totals.get(0) + " bytes");
    }
}
