package dev.longspan.reference.network;

import dev.longspan.reference.kernel.Kernels;
import dev.longspan.reference.memory.ArrayBytes;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.WeightSource;
import java.util.ArrayList;
import java.util.List;

/** Reads a network's weights and puts its layers together. */
public final class NetworkLoader {
    private final ModelSpec spec;
    private final Kernels kernels;
    private final WeightReader reader;
    private int attentionLayers;
    private int mambaLayers;

    /**
     * Checks the tensors' names and shapes.
     *
     * @param spec the network
     * @param source its weights
     * @param progress is told what has been read
     * @param kernels the loops to compute with
     * @throws dev.longspan.spi.ModelLoadException if a tensor is missing or has another shape
     */
    public NetworkLoader(ModelSpec spec, WeightSource source, LoadProgress progress, Kernels kernels) {
        this.spec = spec;
        this.kernels = kernels;
        reader = new WeightReader(source, progress);
        reader.check(spec);
    }

    /**
     * {@return the bytes of a network's weights as they are kept}
     *
     * @param spec the network
     */
    public static long bytes(ModelSpec spec) {
        long sum = 0;
        for (ModelSpec.Tensor tensor : spec.tensors()) {
            List<Long> shape = tensor.shape();
            if (shape.size() == 1) {
                sum += ArrayBytes.of(shape.get(0));
            } else {
                sum += Matrix.bytes(shape.get(0), shape.get(shape.size() - 1));
            }
        }
        return sum;
    }

    /** {@return the network, its weights read} */
    public Network load() {
        Matrix embeddings = reader.matrix("backbone.embeddings.weight");
        List<Network.Layer> layers = new ArrayList<>();
        for (int i = 0; i < spec.layers().size(); i++) {
            String prefix = "backbone.layers." + i + ".";
            RmsNorm norm = new RmsNorm(reader.vector(prefix + "norm.weight"), spec.normEpsilon());
            layers.add(new Network.Layer(
                    norm, mixer(prefix + "mixer.", spec.layers().get(i))));
        }
        RmsNorm last = new RmsNorm(reader.vector("backbone.norm_f.weight"), spec.normEpsilon());
        Matrix head = spec.tiedEmbeddings() ? embeddings : reader.matrix("lm_head.weight");
        reader.finish();
        return new Network(embeddings, layers, last, head);
    }

    private Mixer mixer(String prefix, LayerSpec layer) {
        if (layer instanceof LayerSpec.Mamba m) {
            return mamba(prefix, m);
        } else if (layer instanceof LayerSpec.Attention a) {
            return attention(prefix, a);
        } else if (layer instanceof LayerSpec.Experts e) {
            return experts(prefix, e);
        }
        return mlp(prefix);
    }

    private Mixer mamba(String prefix, LayerSpec.Mamba layer) {
        float[] rate = reader.vector(prefix + "A_log");
        for (int h = 0; h < rate.length; h++) {
            rate[h] = (float) -Math.exp(rate[h]);
        }
        MambaMixer.Weights weights = new MambaMixer.Weights(
                reader.matrix(prefix + "in_proj.weight"),
                reader.matrix(prefix + "conv1d.weight"),
                reader.vector(prefix + "conv1d.bias"),
                reader.vector(prefix + "dt_bias"),
                rate,
                reader.vector(prefix + "D"),
                reader.vector(prefix + "norm.weight"),
                reader.matrix(prefix + "out_proj.weight"));
        return new MambaMixer(layer, mambaLayers++, weights, spec.normEpsilon(), kernels);
    }

    private Mixer attention(String prefix, LayerSpec.Attention layer) {
        AttentionMixer.Weights weights = new AttentionMixer.Weights(
                reader.matrix(prefix + "q_proj.weight"),
                layer.span() == null ? null : reader.matrix(prefix + "search_q_proj.weight"),
                reader.matrix(prefix + "k_proj.weight"),
                reader.matrix(prefix + "v_proj.weight"),
                reader.matrix(prefix + "o_proj.weight"));
        return new AttentionMixer(layer, attentionLayers++, weights, kernels);
    }

    private Mixer experts(String prefix, LayerSpec.Experts layer) {
        Matrix gate = reader.matrix(prefix + "gate.weight");
        float[] bias = reader.vector(prefix + "gate.e_score_correction_bias");
        List<MlpMixer> experts = new ArrayList<>();
        for (int j = 0; j < layer.experts(); j++) {
            experts.add(mlp(prefix + "experts." + j + "."));
        }
        MlpMixer shared = layer.sharedInnerSize() > 0 ? mlp(prefix + "shared_experts.") : null;
        return new ExpertsMixer(layer, spec.hiddenSize(), gate, bias, experts, shared);
    }

    private MlpMixer mlp(String prefix) {
        return new MlpMixer(reader.matrix(prefix + "up_proj.weight"), reader.matrix(prefix + "down_proj.weight"));
    }
}
