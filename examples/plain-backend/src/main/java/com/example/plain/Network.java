package com.example.plain;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import java.util.List;

/** The network, one token at a time; sums are in float64. */
final class Network {
    private final ModelSpec spec;
    private final PlainWeights weights;

    Network(ModelSpec spec, PlainWeights weights) {
        this.spec = spec;
        this.weights = weights;
    }

    /** The logits after a token; its keys and values go into the last of the rows. */
    float[] token(int id, List<Row> rows) {
        double[] residual = new double[spec.hiddenSize()];
        float[] embeddings = weights.get("backbone.embeddings.weight");
        for (int d = 0; d < residual.length; d++) {
            residual[d] = embeddings[id * residual.length + d];
        }
        for (int i = 0; i < spec.layers().size(); i++) {
            String prefix = "backbone.layers." + i + ".";
            double[] normed = norm(residual, weights.get(prefix + "norm.weight"));
            double[] mixed = spec.layers().get(i) instanceof LayerSpec.Attention attention
                    ? attention(i, attention.heads(), normed, rows)
                    : feedForward(prefix + "mixer.", normed);
            for (int d = 0; d < residual.length; d++) {
                residual[d] += mixed[d];
            }
        }
        String head = spec.tiedEmbeddings() ? "backbone.embeddings.weight" : "lm_head.weight";
        double[] logits = times(weights.get(head), norm(residual, weights.get("backbone.norm_f.weight")));
        float[] rounded = new float[logits.length];
        for (int i = 0; i < rounded.length; i++) {
            rounded[i] = (float) logits[i];
        }
        return rounded;
    }

    private double[] feedForward(String prefix, double[] x) {
        double[] inner = times(weights.get(prefix + "up_proj.weight"), x);
        for (int i = 0; i < inner.length; i++) {
            inner[i] = inner[i] > 0 ? inner[i] * inner[i] : 0 * inner[i]; // relu squared; what is not a number stays so
        }
        return times(weights.get(prefix + "down_proj.weight"), inner);
    }

    private double[] attention(int layer, AttentionHeads heads, double[] x, List<Row> rows) {
        String prefix = "backbone.layers." + layer + ".mixer.";
        double[] query = times(weights.get(prefix + "q_proj.weight"), x);
        Row own = rows.get(rows.size() - 1);
        own.keys[layer] = rounded(times(weights.get(prefix + "k_proj.weight"), x));
        own.values[layer] = rounded(times(weights.get(prefix + "v_proj.weight"), x));
        int size = heads.headSize();
        double[] output = new double[heads.queryHeads() * size];
        double[] scores = new double[rows.size()];
        for (int h = 0; h < heads.queryHeads(); h++) {
            int shared = h / heads.group() * size;
            double largest = Double.NEGATIVE_INFINITY;
            for (int t = 0; t < scores.length; t++) {
                double sum = 0;
                for (int d = 0; d < size; d++) {
                    sum += query[h * size + d] * rows.get(t).keys[layer][shared + d];
                }
                scores[t] = sum / Math.sqrt(size);
                largest = Math.max(largest, scores[t]);
            }
            double total = 0;
            for (int t = 0; t < scores.length; t++) {
                scores[t] = Math.exp(scores[t] - largest);
                total += scores[t];
            }
            for (int t = 0; t < scores.length; t++) {
                for (int d = 0; d < size; d++) {
                    output[h * size + d] += scores[t] / total * rows.get(t).values[layer][shared + d];
                }
            }
        }
        return times(weights.get(prefix + "o_proj.weight"), output);
    }

    private static float[] rounded(double[] numbers) {
        float[] rounded = new float[numbers.length];
        for (int i = 0; i < rounded.length; i++) {
            rounded[i] = (float) numbers[i];
        }
        return rounded;
    }

    private double[] norm(double[] x, float[] weight) {
        double sum = 0;
        for (double number : x) {
            sum += number * number;
        }
        double scale = 1 / Math.sqrt(sum / x.length + spec.normEpsilon());
        double[] normed = new double[x.length];
        for (int d = 0; d < x.length; d++) {
            normed[d] = x[d] * scale * weight[d];
        }
        return normed;
    }

    private static double[] times(float[] matrix, double[] x) {
        double[] product = new double[matrix.length / x.length];
        for (int i = 0; i < product.length; i++) {
            double sum = 0;
            for (int j = 0; j < x.length; j++) {
                sum += matrix[i * x.length + j] * x[j];
            }
            product[i] = sum;
        }
        return product;
    }
}
