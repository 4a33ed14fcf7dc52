package dev.longspan.tck;

import static dev.longspan.tck.ConformanceRule.numeric;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.Backend;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.BiFunction;

/** The rules of networks in which one size is that of released models, and all others are small. */
final class WideRules {
    static final int TOKENS = 40;
    private static final int RELEASED_HIDDEN = 2688;
    /** How many networks of fewer kinds of layers are tried for backends that do not know all. */
    private static final int DRAWS = 30;

    private WideRules() {}

    static List<ConformanceRule> all() {
        return List.of(
                rule(
                        "N1.many",
                        "a network of 128 experts, of which the later ones are chosen, computes what the oracle computes",
                        "an expert's index that is cut to 6 bits, and tables for 64 experts",
                        TinyNetworks::ofManyExperts),
                rule(
                        "N1.heads",
                        "a network with 32 query heads on 2 heads of keys and values computes what the oracle computes",
                        "blocks of 4 or 8 query heads: a group has 16",
                        TinyNetworks::ofManyHeads),
                rule(
                        "N1.sums",
                        "a network with long rows that no tile divides computes what the oracle computes",
                        "what is left of a row behind its last full tile of 128 or 256; rows of 264, 392 and 1856",
                        WideRules::ofLongRows),
                rule(
                        "N1.wide",
                        "a network with the hidden size of released models computes what the oracle computes",
                        "what lies behind the 1024th number of a row: a norm or a sum of one block of threads",
                        WideRules::ofWideRows),
                rule(
                        "N1.inner",
                        "a network with the inner sizes of released models computes what the oracle computes",
                        "what lies behind the 1024th number of an inner row: norms by groups of 512, products of 3712 numbers",
                        WideRules::ofWideInnerRows),
                rule(
                        "N1.deep",
                        "a network of 52 layers computes what the oracle computes, back and on included",
                        "names of layers with two digits, and tables and buffers for a few layers",
                        TinyNetworks::ofManyLayers));
    }

    private static ConformanceRule rule(
            String id, String title, String hint, BiFunction<Backend, Long, RandomModel> network) {
        return numeric(
                id,
                title,
                hint,
                subject -> subject.once(() -> {
                    Backend backend = subject.open();
                    RandomModel model = network.apply(backend, subject.seed());
                    ReleasedSizes.allWaysAgree("", Driver.load(backend, model, subject.seed()), model, TOKENS);
                }));
    }

    private static RandomModel ofLongRows(Backend backend, long seed) {
        return TinyNetworks.firstOf(backend, seed, ofLongRows(seed));
    }

    /** Sizes that are no multiples of 128, and not even of 16 if a backend knows such; without choices. Empty if it knows none. */
    static Optional<RandomModel> longRows(Backend backend, long seed) {
        return TinyNetworks.found(backend, seed, ofLongRows(seed));
    }

    private static List<ModelSpec> ofLongRows(long seed) {
        List<ModelSpec> all = new ArrayList<>();
        all.add(longRows(264, 392, new RandomModel.Sizes(24, 24, 8)));
        RandomModel.USUAL.forEach(sizes -> all.add(longRows(320, 448, sizes)));
        return withFewerKinds(all, seed);
    }

    private static RandomModel ofWideRows(Backend backend, long seed) {
        List<ModelSpec> all = new ArrayList<>();
        all.add(wideRows(new RandomModel.Sizes(4, 4, 4)));
        RandomModel.USUAL.forEach(sizes -> all.add(wideRows(sizes)));
        return TinyNetworks.firstOf(backend, seed, withFewerKinds(all, seed));
    }

    private static ModelSpec wideRows(RandomModel.Sizes sizes) {
        return new ModelSpec(
                "wide",
                64,
                RELEASED_HIDDEN,
                1e-5,
                false,
                List.of(
                        new LayerSpec.Mamba(2, sizes.mambaHead(), 1, sizes.state(), 4, 0, Double.POSITIVE_INFINITY),
                        new LayerSpec.Mlp(64),
                        new LayerSpec.Attention(new AttentionHeads(2, 1, sizes.head()), null)));
    }

    private static RandomModel ofWideInnerRows(Backend backend, long seed) {
        return TinyNetworks.firstOf(
                backend, seed, withFewerKinds(List.of(wideInnerRows(24), wideInnerRows(128)), seed));
    }

    private static ModelSpec wideInnerRows(int hidden) {
        return new ModelSpec(
                "inner",
                hidden,
                hidden,
                1e-5,
                false,
                List.of(
                        new LayerSpec.Mamba(64, 64, 8, 128, 4, 0, Double.POSITIVE_INFINITY),
                        new LayerSpec.Attention(new AttentionHeads(32, 2, 128), null),
                        new LayerSpec.Mlp(3712)));
    }

    /** These, and then these with fewer kinds of layers. */
    private static List<ModelSpec> withFewerKinds(List<ModelSpec> whole, long seed) {
        List<ModelSpec> all = new ArrayList<>(whole);
        Random random = new Random(seed);
        for (ModelSpec each : whole) {
            for (int i = 0; i < DRAWS; i++) {
                all.add(RandomModel.without(each, random));
            }
        }
        return all;
    }

    private static ModelSpec longRows(int hidden, int inner, RandomModel.Sizes sizes) {
        int heads = hidden / sizes.head();
        return new ModelSpec(
                "rows",
                hidden,
                hidden,
                1e-5,
                false,
                List.of(
                        new LayerSpec.Mamba(
                                hidden / sizes.mambaHead(),
                                sizes.mambaHead(),
                                1,
                                sizes.state(),
                                4,
                                0,
                                Double.POSITIVE_INFINITY),
                        new LayerSpec.Mlp(1856),
                        new LayerSpec.Attention(new AttentionHeads(heads, heads, sizes.head()), null),
                        new LayerSpec.Experts(3, 3, inner, inner, 1, 1, true, 1)));
    }
}
