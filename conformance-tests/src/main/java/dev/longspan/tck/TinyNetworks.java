package dev.longspan.tck;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.Backend;
import dev.longspan.spi.DType;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.SpanAttention;
import dev.longspan.spi.Support;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** Networks as small as can be, in which many tokens and large batches take seconds. */
final class TinyNetworks {
    private static final LayerSpec MAMBA = new LayerSpec.Mamba(2, 4, 1, 4, 4, 0, Double.POSITIVE_INFINITY);
    private static final LayerSpec MLP = new LayerSpec.Mlp(16);
    private static final LayerSpec DENSE = new LayerSpec.Attention(new AttentionHeads(2, 1, 4), null);
    private static final LayerSpec NARROW = new LayerSpec.Attention(new AttentionHeads(1, 1, 4), null);
    private static final LayerSpec SPANS =
            new LayerSpec.Attention(new AttentionHeads(2, 1, 8), new SpanAttention(20, 3, 3, 1, 0.55, 0.55, 1));
    /** With the window and the reach of released models. */
    private static final LayerSpec RELEASED_SPANS =
            new LayerSpec.Attention(new AttentionHeads(2, 1, 8), new SpanAttention(65, 3, 3, 1, 0.55, 0.55, 1));

    private static final LayerSpec MANY_CANDIDATES =
            new LayerSpec.Attention(new AttentionHeads(2, 1, 8), new SpanAttention(4, 1, 1, 1, 0.95, 0.95, 1));

    private static final LayerSpec EXPERTS = new LayerSpec.Experts(2, 1, 8, 0, 1, 1, true, 1);

    /** As many as released models have. */
    private static final LayerSpec MANY_EXPERTS = new LayerSpec.Experts(128, 6, 8, 8, 1, 1, true, 2.5);

    private static final LayerSpec ALL_EXPERTS = new LayerSpec.Experts(2, 2, 8, 0, 1, 1, true, 1);
    private static final AttentionHeads MANY_HEADS = new AttentionHeads(32, 2, 4);
    private static final LayerSpec DENSE_HEADS = new LayerSpec.Attention(MANY_HEADS, null);
    /** With more anchors than a query of a short sequence has. */
    private static final LayerSpec SPAN_HEADS =
            new LayerSpec.Attention(MANY_HEADS, new SpanAttention(1, 16, 2, 1, 0.5, 0.5, 1));

    /** With more anchors than there are in all that a batch may hold. */
    private static final LayerSpec ALL_SPANS =
            new LayerSpec.Attention(new AttentionHeads(2, 1, 4), new SpanAttention(1, 12, 2, 1, 0.25, 0.25, 1));

    private static final LayerSpec LARGE_MAMBA = new LayerSpec.Mamba(64, 64, 1, 128, 4, 0, Double.POSITIVE_INFINITY);
    private static final AttentionHeads WIDE_HEADS = new AttentionHeads(16, 16, 128);
    private static final LayerSpec WIDE_KEYS = new LayerSpec.Attention(WIDE_HEADS, null);
    private static final LayerSpec WIDE_SPANS =
            new LayerSpec.Attention(WIDE_HEADS, new SpanAttention(1, 2, 2, 1, 0.5, 0.5, 1));

    private static final int MANY_LAYERS = 52;
    /** With it an expert is chosen, whatever its score is. */
    private static final float CHOSEN = 2;

    private TinyNetworks() {}

    /** More than 16 bits can tell apart. */
    private static final int MANY_IDS = 70_016;
    /** With so many numbers for each of them a tensor has more than 16 MiB. */
    private static final int WIDE = 64;

    private static ModelSpec of(LayerSpec... layers) {
        return new ModelSpec("tiny", 40, 12, 1e-5, false, List.of(layers));
    }

    /** A layer with a recurrent state, then one with spans. */
    static RandomModel ofSpans(Backend backend, long seed) {
        return supported(backend, seed, List.of(of(MAMBA, SPANS)));
    }

    /** The same with the window of released models, or with a layer before it that more backends know. */
    static RandomModel ofReleasedSpans(Backend backend, long seed) {
        return supported(backend, seed, List.of(of(MAMBA, RELEASED_SPANS), of(MLP, RELEASED_SPANS)));
    }

    /** With powers of search and spans so near 1 that there are many candidates, and long spans, after few tokens. */
    static RandomModel ofManyCandidates(Backend backend, long seed) {
        return supported(backend, seed, List.of(of(MAMBA, MANY_CANDIDATES), of(MLP, MANY_CANDIDATES)));
    }

    /** Dense attention last, so that the oracle needs few of its rows; what is known to fewer backends comes first. */
    static RandomModel ofDense(Backend backend, long seed) {
        return supported(backend, seed, List.of(of(MAMBA, MLP, NARROW), of(MLP, NARROW), of(NARROW, NARROW)));
    }

    /** Nothing is left to choose. */
    static RandomModel withoutChoices(Backend backend, long seed) {
        return supported(
                backend,
                seed,
                List.of(
                        of(MAMBA, MLP, DENSE),
                        of(MAMBA, DENSE),
                        of(MAMBA, MLP),
                        of(MLP, DENSE),
                        of(DENSE, DENSE),
                        of(MAMBA, MAMBA),
                        of(MLP, MLP)));
    }

    /** With spans and experts, or one of both, and nothing left to choose; empty for backends that know neither. */
    static Optional<RandomModel> ofSpansAndExperts(Backend backend, long seed) {
        List<ModelSpec> specs = List.of(
                of(MAMBA, ALL_SPANS, ALL_EXPERTS),
                of(MLP, ALL_SPANS, ALL_EXPERTS),
                of(MAMBA, ALL_SPANS),
                of(MAMBA, ALL_EXPERTS),
                of(DENSE, ALL_EXPERTS),
                of(MLP, ALL_SPANS),
                of(MLP, ALL_EXPERTS),
                of(ALL_SPANS, ALL_SPANS));
        return found(backend, seed, sized(specs));
    }

    /** With a state and without choices; a drawn one for backends that know none of these. */
    static RandomModel withState(Backend backend, long seed) {
        List<ModelSpec> specs =
                List.of(of(MAMBA, MLP, DENSE), of(MAMBA, DENSE), of(MLP, DENSE), of(DENSE, DENSE), of(MAMBA, MAMBA));
        return found(backend, seed, sized(specs))
                .orElseGet(() -> Subject.supported(backend, RandomModel::withoutChoices, seed));
    }

    /** With a large vocabulary, of whatever layer a backend knows. */
    static RandomModel ofManyIds(Backend backend, long seed) {
        List<ModelSpec> specs = Stream.of(MLP, NARROW, MAMBA, SPANS, EXPERTS)
                .map(TinyNetworks::of)
                .toList();
        return supported(backend, seed, specs, TinyNetworks::withManyIds);
    }

    /** With recurrent states and rows of keys so large that some of a sequence have megabytes. */
    static RandomModel ofLargeStates(Backend backend, long seed) {
        return supported(
                backend,
                seed,
                List.of(
                        of(LARGE_MAMBA, WIDE_KEYS),
                        of(LARGE_MAMBA, WIDE_SPANS),
                        of(WIDE_KEYS),
                        of(WIDE_SPANS),
                        of(LARGE_MAMBA)));
    }

    /** With 128 experts, of which every token chooses the same, nearly all from the second half. */
    static RandomModel ofManyExperts(Backend backend, long seed) {
        return supported(backend, seed, List.of(of(MANY_EXPERTS, DENSE), of(MANY_EXPERTS, MAMBA), of(MANY_EXPERTS)))
                .with("backbone.layers.0.mixer.gate.e_score_correction_bias", bias -> {
                    for (int expert : new int[] {5, 64, 77, 100, 126, 127}) {
                        bias[expert] += CHOSEN;
                    }
                });
    }

    /** With 16 query heads for each head of keys and values. */
    static RandomModel ofManyHeads(Backend backend, long seed) {
        return supported(
                backend,
                seed,
                List.of(of(DENSE_HEADS, SPAN_HEADS), of(DENSE_HEADS, DENSE_HEADS), of(SPAN_HEADS, SPAN_HEADS)));
    }

    /** As deep as released models, of all kinds of layers that a backend knows. */
    static RandomModel ofManyLayers(Backend backend, long seed) {
        return supported(
                backend,
                seed,
                List.of(
                        deep(MAMBA, MLP, DENSE, ALL_EXPERTS, SPANS),
                        deep(MAMBA, MLP, DENSE),
                        deep(MAMBA, MLP),
                        deep(MLP, DENSE),
                        deep(MAMBA),
                        deep(DENSE),
                        deep(SPANS),
                        deep(MLP)));
    }

    private static ModelSpec deep(LayerSpec... kinds) {
        LayerSpec[] layers = new LayerSpec[MANY_LAYERS];
        Arrays.setAll(layers, i -> kinds[i % kinds.length]);
        return of(layers);
    }

    private static ModelSpec withManyIds(ModelSpec spec) {
        int hidden = Math.max(spec.hiddenSize(), WIDE);
        return new ModelSpec(spec.modelType(), MANY_IDS, hidden, spec.normEpsilon(), false, spec.layers());
    }

    private static RandomModel supported(Backend backend, long seed, List<ModelSpec> specs) {
        return supported(backend, seed, specs, UnaryOperator.identity());
    }

    private static RandomModel supported(
            Backend backend, long seed, List<ModelSpec> specs, UnaryOperator<ModelSpec> changed) {
        List<ModelSpec> all = sized(specs);
        all.replaceAll(changed);
        return firstOf(backend, seed, all);
    }

    /** As small as they are, then with usual sizes. */
    private static List<ModelSpec> sized(List<ModelSpec> specs) {
        List<ModelSpec> all = new ArrayList<>(specs);
        for (RandomModel.Sizes sizes : RandomModel.USUAL) {
            specs.forEach(spec -> all.add(RandomModel.rounded(spec, sizes)));
        }
        return all;
    }

    /** The first that a backend can run. */
    static RandomModel firstOf(Backend backend, long seed, List<ModelSpec> specs) {
        return found(backend, seed, specs)
                .orElseThrow(() -> new NotApplicable("it does not support the networks of this rule"));
    }

    /** The same; empty if there is none. */
    static Optional<RandomModel> found(Backend backend, long seed, List<ModelSpec> specs) {
        return specs.stream()
                .filter(spec -> backend.supports(spec) instanceof Support.Supported)
                .findFirst()
                .map(spec -> new RandomModel(spec, seed, DType.F32));
    }
}
