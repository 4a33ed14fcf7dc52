package dev.longspan.tck;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.Backend;
import dev.longspan.spi.DType;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.SpanAttention;
import dev.longspan.spi.Support;
import java.util.ArrayList;
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

    private static final LayerSpec EXPERTS = new LayerSpec.Experts(2, 1, 8, 0, 1, 1, true, 1);

    private TinyNetworks() {}

    /** More than 16 bits can tell apart. */
    private static final int MANY_IDS = 70_016;

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

    /** With a state and without choices; a drawn one for backends that know none of these. */
    static RandomModel withState(Backend backend, long seed) {
        List<ModelSpec> specs =
                List.of(of(MAMBA, MLP, DENSE), of(MAMBA, DENSE), of(MLP, DENSE), of(DENSE, DENSE), of(MAMBA, MAMBA));
        return found(backend, seed, specs, UnaryOperator.identity())
                .orElseGet(() -> Subject.supported(backend, RandomModel::withoutChoices, seed));
    }

    /** With a large vocabulary, of whatever layer a backend knows. */
    static RandomModel ofManyIds(Backend backend, long seed) {
        List<ModelSpec> specs = Stream.of(MLP, NARROW, MAMBA, SPANS, EXPERTS)
                .map(TinyNetworks::of)
                .toList();
        return supported(backend, seed, specs, TinyNetworks::withManyIds);
    }

    private static ModelSpec withManyIds(ModelSpec spec) {
        return new ModelSpec(spec.modelType(), MANY_IDS, spec.hiddenSize(), spec.normEpsilon(), false, spec.layers());
    }

    private static RandomModel supported(Backend backend, long seed, List<ModelSpec> specs) {
        return supported(backend, seed, specs, UnaryOperator.identity());
    }

    private static RandomModel supported(
            Backend backend, long seed, List<ModelSpec> specs, UnaryOperator<ModelSpec> changed) {
        return found(backend, seed, specs, changed)
                .orElseThrow(() -> new NotApplicable("it does not support the networks of this rule"));
    }

    /** The first that a backend can run: as small as it is, or with usual sizes, changed in either case. */
    private static Optional<RandomModel> found(
            Backend backend, long seed, List<ModelSpec> specs, UnaryOperator<ModelSpec> changed) {
        List<ModelSpec> all = new ArrayList<>(specs);
        for (RandomModel.Sizes sizes : RandomModel.USUAL) {
            specs.forEach(spec -> all.add(RandomModel.rounded(spec, sizes)));
        }
        return all.stream()
                .map(changed)
                .filter(spec -> backend.supports(spec) instanceof Support.Supported)
                .findFirst()
                .map(spec -> new RandomModel(spec, seed, DType.F32));
    }
}
