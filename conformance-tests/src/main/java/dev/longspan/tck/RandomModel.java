package dev.longspan.tck;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.DType;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.SpanAttention;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A small random network with random weights, the same for the same seed everywhere.
 *
 * <p>The weights are scaled so that the residual stream stays near 1 and softmaxes are uneven, so that a look at the wrong
 * place shows in the logits.
 */
public final class RandomModel {
    /** More anchors than any query of a short sequence has. */
    private static final int ALL_ANCHORS = 90;

    /** Dense and span attention, Mamba-2, feed-forward, experts. */
    private static final int KINDS = 5;

    /** Makes the rank of every expert negative, so that it shows what counts as 0; the choice stays the same. */
    private static final double BELOW_ZERO = -1.5;

    /** Those of released models, and larger ones, which show when they are not taken from the network. */
    private static final double[] EPSILONS = {1e-6, 1e-5, 1e-3, 0.1};

    private final ModelSpec spec;
    private final MemoryWeights weights;
    private final long seed;

    /**
     * Makes random weights for a network.
     *
     * @param spec the network
     * @param seed decides every weight
     * @param dtype the type in which all weights are held
     */
    public RandomModel(ModelSpec spec, long seed, DType dtype) {
        this(spec, seed, List.of(dtype));
    }

    /** With weights in several types, one for each tensor. */
    private RandomModel(ModelSpec spec, long seed, List<DType> types) {
        this.spec = spec;
        this.seed = seed;
        this.weights = new MemoryWeights();
        Random random = new Random(seed);
        for (ModelSpec.Tensor tensor : spec.tensors()) {
            weights.put(tensor.name(), types.get(random.nextInt(types.size())), tensor.shape(), numbers(tensor));
        }
    }

    /**
     * {@return a model of a random shape: every kind of layer at least once, odd sizes, grouped heads and experts}
     *
     * @param seed decides shape and weights
     */
    public static RandomModel of(long seed) {
        return drawn(RandomModel::spec, seed);
    }

    /**
     * {@return a model of a drawn shape, with weights in one or in several types}
     *
     * @param network draws it
     * @param seed decides shape and weights
     */
    public static RandomModel drawn(Function<Random, ModelSpec> network, long seed) {
        return Objects.requireNonNull(drawn(network, spec -> true, seed));
    }

    /** The same, but null if the shape is not wanted: its weights are not made then. */
    static @Nullable RandomModel drawn(Function<Random, ModelSpec> network, Predicate<ModelSpec> wanted, long seed) {
        Random random = new Random(seed);
        ModelSpec spec = network.apply(random);
        if (!wanted.test(spec)) {
            return null;
        }
        List<DType> all = List.of(DType.values());
        int drawn = random.nextInt(all.size() + 1);
        return new RandomModel(spec, seed, drawn < all.size() ? List.of(all.get(drawn)) : all);
    }

    /** {@return the network} */
    public ModelSpec spec() {
        return spec;
    }

    /** {@return its weights} */
    public MemoryWeights weights() {
        return weights;
    }

    /**
     * {@return random token ids of this model's vocabulary}
     *
     * @param random decides them
     * @param count how many
     */
    public int[] ids(RandomGenerator random, int count) {
        return ids(random, spec, count);
    }

    /** Random token ids of a network's vocabulary. */
    static int[] ids(RandomGenerator random, ModelSpec spec, int count) {
        int[] ids = new int[count];
        for (int i = 0; i < count; i++) {
            ids[i] = random.nextInt(spec.vocabularySize());
        }
        return ids;
    }

    /**
     * {@return a random shape}
     *
     * @param random decides it
     */
    public static ModelSpec spec(Random random) {
        List<LayerSpec> layers = new ArrayList<>();
        layers.add(mamba(random));
        layers.add(attention(random, true));
        layers.add(new LayerSpec.Mlp(between(random, 5, 40)));
        layers.add(experts(random));
        layers.add(attention(random, false));
        for (int extra = random.nextInt(3); extra > 0; extra--) {
            layers.add(random.nextBoolean() ? mamba(random) : attention(random, random.nextBoolean()));
        }
        Collections.shuffle(layers, random);
        return network(random, layers);
    }

    /** A network of two layers of one kind. */
    static ModelSpec mambaOnly(Random random) {
        return network(random, List.of(mamba(random), mamba(random)));
    }

    static ModelSpec attentionOnly(Random random) {
        return network(random, List.of(attention(random, false), attention(random, false)));
    }

    static ModelSpec spansOnly(Random random) {
        return network(random, List.of(attention(random, true), attention(random, true)));
    }

    static ModelSpec mlpOnly(Random random) {
        return network(random, List.of(new LayerSpec.Mlp(between(random, 5, 40)), new LayerSpec.Mlp(7)));
    }

    static ModelSpec expertsOnly(Random random) {
        return network(random, List.of(experts(random), experts(random)));
    }

    /** Every kind of layer, where nothing is left out by a choice that rounding could turn: all experts and all anchors are kept. */
    static ModelSpec withoutChoices(Random random) {
        ModelSpec drawn = spec(random);
        List<LayerSpec> layers = new ArrayList<>();
        for (LayerSpec layer : drawn.layers()) {
            if (layer instanceof LayerSpec.Experts e) {
                layers.add(new LayerSpec.Experts(
                        e.experts(),
                        e.experts(),
                        e.innerSize(),
                        e.sharedInnerSize(),
                        1,
                        1,
                        e.normalized(),
                        e.scaling()));
            } else if (layer instanceof LayerSpec.Attention a && a.span() != null) {
                SpanAttention s = a.span();
                layers.add(new LayerSpec.Attention(
                        a.heads(),
                        new SpanAttention(
                                s.windowIndex(),
                                ALL_ANCHORS,
                                s.backwardFactor(),
                                s.forwardFactor(),
                                s.searchPower(),
                                s.spanPower(),
                                s.searchScale())));
            } else {
                layers.add(layer);
            }
        }
        return network(random, layers);
    }

    /** A model with a head of its own, in float32, with one tensor changed. */
    static RandomModel changed(ModelSpec spec, long seed, String name, Consumer<float[]> change) {
        ModelSpec untied = new ModelSpec(
                spec.modelType(), spec.vocabularySize(), spec.hiddenSize(), spec.normEpsilon(), false, spec.layers());
        return new RandomModel(untied, seed, DType.F32).with(name, change);
    }

    /** Itself, with one tensor changed, which is in float32 then. */
    RandomModel with(String name, Consumer<float[]> change) {
        float[] numbers = Tensors.toFloats(Tensors.read(weights, name));
        change.accept(numbers);
        weights.put(name, DType.F32, weights.info(name).shape(), numbers);
        return this;
    }

    /**
     * Sizes that go together, for backends that know no others.
     *
     * @param head of attention
     * @param mambaHead of a head of Mamba
     * @param state of Mamba
     */
    record Sizes(int head, int mambaHead, int state) {}

    /** The sizes of released models, those that are more usual first. */
    static final List<Sizes> USUAL = List.of(
            new Sizes(64, 64, 64),
            new Sizes(128, 64, 128),
            new Sizes(128, 128, 128),
            new Sizes(64, 64, 128),
            new Sizes(128, 64, 64),
            new Sizes(128, 64, 256),
            new Sizes(256, 64, 128),
            new Sizes(256, 128, 256),
            new Sizes(80, 80, 128),
            new Sizes(96, 32, 32),
            new Sizes(32, 32, 16),
            new Sizes(16, 16, 16),
            new Sizes(112, 64, 128),
            new Sizes(192, 64, 128));

    /** The same with usual sizes of heads and states, and everything else a multiple of 64. */
    static ModelSpec rounded(ModelSpec spec, Sizes sizes) {
        List<LayerSpec> layers = new ArrayList<>();
        for (LayerSpec layer : spec.layers()) {
            if (layer instanceof LayerSpec.Attention a) {
                layers.add(new LayerSpec.Attention(
                        new AttentionHeads(a.heads().queryHeads(), a.heads().keyValueHeads(), sizes.head), a.span()));
            } else if (layer instanceof LayerSpec.Mamba m) {
                layers.add(new LayerSpec.Mamba(
                        m.heads(), sizes.mambaHead, m.groups(), sizes.state, 4, m.minTimeStep(), m.maxTimeStep()));
            } else if (layer instanceof LayerSpec.Mlp) {
                layers.add(new LayerSpec.Mlp(128));
            } else if (layer instanceof LayerSpec.Experts e) {
                layers.add(new LayerSpec.Experts(
                        e.experts(),
                        e.perToken(),
                        64,
                        e.sharedInnerSize() > 0 ? 64 : 0,
                        e.groups(),
                        e.topGroups(),
                        e.normalized(),
                        e.scaling()));
            }
        }
        return new ModelSpec(spec.modelType(), 128, 128, spec.normEpsilon(), spec.tiedEmbeddings(), layers);
    }

    /** Whether a layer with a state, of any size, is in a network that is known. */
    static boolean anyState(Predicate<ModelSpec> known) {
        for (int size = 1; size <= 512; size++) {
            for (int heads = 1; heads <= 32; heads *= 2) {
                AttentionHeads all = new AttentionHeads(heads, Math.max(1, heads / 4), size);
                SpanAttention span = new SpanAttention(1, 2, 2, 1, 0.5, 0.5, 1);
                List<LayerSpec> layers = List.of(
                        new LayerSpec.Attention(all, null),
                        new LayerSpec.Attention(all, span),
                        new LayerSpec.Mamba(heads, 64, 1, size, 4, 0, Double.POSITIVE_INFINITY),
                        new LayerSpec.Mamba(heads, size, 1, 128, 4, 0, Double.POSITIVE_INFINITY));
                for (LayerSpec layer : layers) {
                    if (known.test(new ModelSpec("one", 128, 128, 1e-5, false, List.of(layer)))) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    /** The same with layers of some kinds only; as it is if none would be left. */
    static ModelSpec without(ModelSpec spec, Random random) {
        boolean[] kept = new boolean[KINDS];
        for (int kind = 0; kind < KINDS; kind++) {
            kept[kind] = random.nextBoolean();
        }
        List<LayerSpec> layers =
                spec.layers().stream().filter(layer -> kept[kind(layer)]).toList();
        return new ModelSpec(
                spec.modelType(),
                spec.vocabularySize(),
                spec.hiddenSize(),
                spec.normEpsilon(),
                spec.tiedEmbeddings(),
                layers.isEmpty() ? spec.layers() : layers);
    }

    private static int kind(LayerSpec layer) {
        if (layer instanceof LayerSpec.Attention attention) {
            return attention.span() == null ? 0 : 1;
        }
        return layer instanceof LayerSpec.Mamba ? 2 : layer instanceof LayerSpec.Mlp ? 3 : KINDS - 1;
    }

    private static ModelSpec network(Random random, List<LayerSpec> layers) {
        return new ModelSpec(
                "random",
                between(random, 11, 80),
                between(random, 9, 48),
                EPSILONS[random.nextInt(EPSILONS.length)],
                random.nextBoolean(),
                layers);
    }

    private static LayerSpec mamba(Random random) {
        int groups = between(random, 1, 3);
        double least = random.nextBoolean() ? 0 : 0.002;
        double most = random.nextBoolean() ? Double.POSITIVE_INFINITY : 0.08;
        return new LayerSpec.Mamba(
                groups * between(random, 1, 3),
                between(random, 2, 9),
                groups,
                between(random, 3, 17),
                between(random, 2, 5),
                least,
                most);
    }

    private static LayerSpec attention(Random random, boolean spans) {
        int shared = between(random, 1, 2);
        AttentionHeads heads = new AttentionHeads(shared * between(random, 1, 4), shared, between(random, 3, 17));
        return new LayerSpec.Attention(heads, spans ? span(random) : null);
    }

    /**
     * {@return random parameters of span attention with a window of a few tokens}
     *
     * @param random decides them
     */
    public static SpanAttention span(Random random) {
        double[] powers = {0.5, 0.55, 0.7, 0.4, 1.0 / 3};
        double[] factors = {0, 0.5, 1, 2, 3};
        return new SpanAttention(
                random.nextInt(4),
                between(random, 1, 4),
                factors[random.nextInt(factors.length)],
                factors[random.nextInt(3)],
                powers[random.nextInt(powers.length)],
                powers[random.nextInt(powers.length)],
                random.nextBoolean() ? 1 : 0.25);
    }

    private static LayerSpec experts(Random random) {
        int groups = between(random, 1, 3);
        int size = between(random, 1, 3);
        int topGroups = between(random, 1, groups);
        return new LayerSpec.Experts(
                groups * size,
                between(random, 1, topGroups * size),
                between(random, 4, 20),
                random.nextBoolean() ? between(random, 4, 20) : 0,
                groups,
                topGroups,
                random.nextBoolean(),
                random.nextBoolean() ? 1 : 2.5);
    }

    private static int between(Random random, int least, int most) {
        return least + random.nextInt(most - least + 1);
    }

    private float[] numbers(ModelSpec.Tensor tensor) {
        long count = 1;
        for (long size : tensor.shape()) {
            count *= size;
        }
        Random random = new Random(seed * 31 + tensor.name().hashCode());
        float[] numbers = new float[Math.toIntExact(count)];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) number(tensor, random);
        }
        return numbers;
    }

    private double number(ModelSpec.Tensor tensor, Random random) {
        String name = tensor.name();
        double fanIn = tensor.shape().get(tensor.shape().size() - 1);
        double branch = 1 / Math.sqrt(spec.layers().size());
        if (name.endsWith("norm.weight") || name.endsWith("norm_f.weight") || name.endsWith(".D")) {
            return 1 + 0.1 * random.nextGaussian();
        } else if (name.endsWith("dt_bias")) {
            double step = Math.exp(Math.log(1e-3) + random.nextDouble() * Math.log(100));
            return step + Math.log(-Math.expm1(-step));
        } else if (name.endsWith("A_log")) {
            return Math.log(1 + 15 * random.nextDouble());
        } else if (name.endsWith("correction_bias")) {
            return (seed % 2 == 0 ? BELOW_ZERO : 0) + 0.1 * random.nextGaussian();
        } else if (name.endsWith("conv1d.bias")) {
            return 0.1 * random.nextGaussian();
        }
        return random.nextGaussian() * deviation(name, fanIn, branch);
    }

    /** The standard deviation of a matrix: its products keep the size of its input, branches are smaller. */
    private double deviation(String name, double fanIn, double branch) {
        double unit = 1 / Math.sqrt(fanIn);
        if (name.endsWith("embeddings.weight")) {
            return spec.tiedEmbeddings() ? 2 / Math.sqrt(fanIn) : 1;
        } else if (name.endsWith("lm_head.weight") || name.endsWith("q_proj.weight")) {
            return 2 * unit;
        } else if (name.endsWith("o_proj.weight")) {
            return 2 * branch * unit;
        } else if (name.endsWith("out_proj.weight")) {
            return branch * unit;
        } else if (name.endsWith("down_proj.weight")) {
            // the mean of relu(x)^4 is 1.5 for a standard normal x
            return branch * unit / Math.sqrt(1.5);
        }
        return unit;
    }
}
