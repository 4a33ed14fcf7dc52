package dev.longspan.benchmarks;

import dev.longspan.spi.DType;
import dev.longspan.spi.TensorInfo;
import java.util.ArrayList;
import java.util.List;

/**
 * The tensors of a synthetic network and how each is filled.
 *
 * <p>The deviations keep every activation of the random network near 1, so that it behaves like a trained one in range:
 * each branch adds 1/√layers of the residual's variance, and queries are twice as large, so that attention is uneven.
 */
final class WeightPlan {
    /** The mean of relu(x)⁴ for a standard normal x is 1.5: what the squared ReLU does to the variance. */
    private static final double SQUARED_RELU = 1 / Math.sqrt(1.5);

    private final HybridShape shape;
    private final double branch;
    private final List<Tensor> tensors = new ArrayList<>();

    private WeightPlan(HybridShape shape) {
        this.shape = shape;
        this.branch = 1 / Math.sqrt(shape.layers().length());
    }

    /** How a tensor is filled. */
    sealed interface Filling {
        /** Normally distributed. */
        record Normal(double mean, double deviation) implements Filling {}

        /** softplus⁻¹ of a time step that is log-uniform from 0.001 to 0.1. */
        record StepBias() implements Filling {}

        /** The logarithm of a number that is uniform from 1 to 16. */
        record LogOfUniform() implements Filling {}
    }

    /** A tensor and its filling. */
    record Tensor(TensorInfo info, Filling filling) {}

    /** {@return the tensors of a network: float32 ones first, so that all are aligned, else in the network's order} */
    static List<Tensor> of(HybridShape shape) {
        WeightPlan plan = new WeightPlan(shape);
        plan.network();
        List<Tensor> ordered = new ArrayList<>(plan.tensors);
        ordered.sort((a, b) -> b.info.dtype().compareTo(a.info.dtype()));
        return ordered;
    }

    private void network() {
        int hidden = shape.hidden();
        int vocabulary = HybridShape.VOCABULARY;
        normal("backbone.embeddings.weight", 1, vocabulary, hidden);
        for (int i = 0; i < shape.layers().length(); i++) {
            String layer = "backbone.layers." + i + ".";
            near1(layer + "norm.weight", hidden);
            mixer(layer + "mixer.", shape.layers().charAt(i));
        }
        near1("backbone.norm_f.weight", hidden);
        normal("lm_head.weight", 2 / Math.sqrt(hidden), vocabulary, hidden);
    }

    private void mixer(String prefix, char letter) {
        switch (letter) {
            case 'M' -> mamba(prefix);
            case '*' -> attention(prefix);
            case '-' -> mlp(prefix, shape.mlpInner(), branch);
            case 'E' -> experts(prefix);
            default -> throw new IllegalArgumentException("layers: unknown letter " + letter);
        }
    }

    private void mamba(String prefix) {
        HybridShape.Mamba m = shape.mamba();
        int hidden = shape.hidden();
        int inner = m.inner();
        normal(prefix + "in_proj.weight", 1 / Math.sqrt(hidden), inner + m.channels() + m.heads(), hidden);
        int width = HybridShape.CONVOLUTION_WIDTH;
        normal(prefix + "conv1d.weight", 1 / Math.sqrt(width), m.channels(), 1, width);
        normal(prefix + "conv1d.bias", 0.1, m.channels());
        add(prefix + "dt_bias", DType.F32, new Filling.StepBias(), m.heads());
        add(prefix + "A_log", DType.F32, new Filling.LogOfUniform(), m.heads());
        add(prefix + "D", DType.F32, new Filling.Normal(1, 0.1), m.heads());
        near1(prefix + "norm.weight", inner);
        normal(prefix + "out_proj.weight", branch / Math.sqrt(inner), hidden, inner);
    }

    private void attention(String prefix) {
        HybridShape.Attention a = shape.attention();
        int hidden = shape.hidden();
        double unit = 1 / Math.sqrt(hidden);
        normal(prefix + "q_proj.weight", 2 * unit, a.queries(), hidden);
        if (a.span()) {
            normal(prefix + "search_q_proj.weight", 2 * unit, a.queries(), hidden);
        }
        normal(prefix + "k_proj.weight", unit, a.keys(), hidden);
        normal(prefix + "v_proj.weight", unit, a.keys(), hidden);
        normal(prefix + "o_proj.weight", 2 * branch / Math.sqrt(a.queries()), hidden, a.queries());
    }

    private void experts(String prefix) {
        HybridShape.Experts e = shape.experts();
        normal(prefix + "gate.weight", 1 / Math.sqrt(shape.hidden()), e.count(), shape.hidden());
        add(prefix + "gate.e_score_correction_bias", DType.F32, new Filling.Normal(0, 0.05), e.count());
        double share = branch * Math.sqrt(e.perToken()) / e.scaling();
        for (int j = 0; j < e.count(); j++) {
            mlp(prefix + "experts." + j + ".", e.inner(), share);
        }
        mlp(prefix + "shared_experts.", e.sharedInner(), branch);
    }

    private void mlp(String prefix, int inner, double factor) {
        normal(prefix + "up_proj.weight", 1 / Math.sqrt(shape.hidden()), inner, shape.hidden());
        normal(prefix + "down_proj.weight", factor * SQUARED_RELU / Math.sqrt(inner), shape.hidden(), inner);
    }

    private void normal(String name, double deviation, long... sizes) {
        add(name, DType.BF16, new Filling.Normal(0, deviation), sizes);
    }

    private void near1(String name, long size) {
        add(name, DType.BF16, new Filling.Normal(1, 0.1), size);
    }

    private void add(String name, DType dtype, Filling filling, long... sizes) {
        List<Long> boxed = new ArrayList<>(sizes.length);
        for (long size : sizes) {
            boxed.add(size);
        }
        tensors.add(new Tensor(new TensorInfo(name, dtype, boxed), filling));
    }
}
