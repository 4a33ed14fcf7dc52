package dev.longspan.spi;

import java.util.ArrayList;
import java.util.List;

/**
 * A network, as the model's {@code config.json} describes it.
 *
 * @param modelType what the model calls its architecture, for people
 * @param vocabularySize how many token ids there are
 * @param hiddenSize the width of the residual stream
 * @param normEpsilon the epsilon of every RMSNorm, the gated one included; above 0
 * @param tiedEmbeddings whether the head uses the embeddings' weights
 * @param layers the layers in order
 */
public record ModelSpec(
        String modelType,
        int vocabularySize,
        int hiddenSize,
        double normEpsilon,
        boolean tiedEmbeddings,
        List<LayerSpec> layers) {
    /** Checks and copies the components. */
    public ModelSpec {
        layers = List.copyOf(layers);
        if (vocabularySize < 1 || hiddenSize < 1) {
            throw new IllegalArgumentException(
                    "expected positive sizes, found vocabularySize " + vocabularySize + ", hiddenSize " + hiddenSize);
        }
        if (!(normEpsilon > 0 && Double.isFinite(normEpsilon))) {
            throw new IllegalArgumentException("normEpsilon: expected a number above 0, found " + normEpsilon);
        }
    }

    /**
     * A tensor that a model needs.
     *
     * @param name its name, such as {@code backbone.layers.0.norm.weight}
     * @param shape its sizes, outermost first
     */
    public record Tensor(String name, List<Long> shape) {
        /** Copies the components. */
        public Tensor {
            shape = List.copyOf(shape);
        }
    }

    /** {@return every tensor the network needs, in the order of the network} */
    public List<Tensor> tensors() {
        List<Tensor> all = new ArrayList<>();
        long hidden = hiddenSize;
        add(all, "backbone.embeddings.weight", vocabularySize, hidden);
        for (int i = 0; i < layers.size(); i++) {
            String prefix = "backbone.layers." + i + ".";
            add(all, prefix + "norm.weight", hidden);
            mixer(all, prefix + "mixer.", layers.get(i));
        }
        add(all, "backbone.norm_f.weight", hidden);
        if (!tiedEmbeddings) {
            add(all, "lm_head.weight", vocabularySize, hidden);
        }
        return List.copyOf(all);
    }

    private void mixer(List<Tensor> all, String prefix, LayerSpec layer) {
        long hidden = hiddenSize;
        if (layer instanceof LayerSpec.Mamba m) {
            long inner = m.innerSize();
            add(all, prefix + "in_proj.weight", inner + m.channels() + m.heads(), hidden);
            add(all, prefix + "conv1d.weight", m.channels(), 1, m.convolutionWidth());
            add(all, prefix + "conv1d.bias", m.channels());
            add(all, prefix + "dt_bias", m.heads());
            add(all, prefix + "A_log", m.heads());
            add(all, prefix + "D", m.heads());
            add(all, prefix + "norm.weight", inner);
            add(all, prefix + "out_proj.weight", hidden, inner);
        } else if (layer instanceof LayerSpec.Attention a) {
            long queries = (long) a.heads().queryHeads() * a.heads().headSize();
            long keys = (long) a.heads().keyValueHeads() * a.heads().headSize();
            add(all, prefix + "q_proj.weight", queries, hidden);
            if (a.span() != null) {
                add(all, prefix + "search_q_proj.weight", queries, hidden);
            }
            add(all, prefix + "k_proj.weight", keys, hidden);
            add(all, prefix + "v_proj.weight", keys, hidden);
            add(all, prefix + "o_proj.weight", hidden, queries);
        } else if (layer instanceof LayerSpec.Mlp m) {
            mlp(all, prefix, m.innerSize());
        } else if (layer instanceof LayerSpec.Experts e) {
            add(all, prefix + "gate.weight", e.experts(), hidden);
            add(all, prefix + "gate.e_score_correction_bias", e.experts());
            for (int j = 0; j < e.experts(); j++) {
                mlp(all, prefix + "experts." + j + ".", e.innerSize());
            }
            if (e.sharedInnerSize() > 0) {
                mlp(all, prefix + "shared_experts.", e.sharedInnerSize());
            }
        }
    }

    private void mlp(List<Tensor> all, String prefix, long inner) {
        add(all, prefix + "up_proj.weight", inner, hiddenSize);
        add(all, prefix + "down_proj.weight", hiddenSize, inner);
    }

    private static void add(List<Tensor> all, String name, long... shape) {
        List<Long> sizes = new ArrayList<>(shape.length);
        for (long size : shape) {
            sizes.add(size);
        }
        all.add(new Tensor(name, sizes));
    }
}
