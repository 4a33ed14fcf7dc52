package dev.longspan.tck;

import dev.longspan.spi.LayerSpec;
import java.util.Arrays;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A mixture of experts in float64. */
public class ExpertsOracle {
    private final LayerSpec.Experts spec;
    private final Function<String, double[]> tensor;

    /**
     * Makes the oracle of one layer.
     *
     * @param spec the sizes
     * @param tensor gives a tensor by its name within the mixer, such as {@code gate.weight}
     */
    public ExpertsOracle(LayerSpec.Experts spec, Function<String, double[]> tensor) {
        this.spec = spec;
        this.tensor = tensor;
    }

    /**
     * {@return the experts of each token, best first, with the gap to the first expert or group left out}
     *
     * @param hidden the normalised inputs [tokens][hidden]
     */
    public Choice choose(double[][] hidden) {
        int perToken = spec.perToken();
        int[] picked = new int[hidden.length * perToken];
        double[] scores = new double[picked.length];
        double[] gaps = new double[hidden.length];
        for (int t = 0; t < hidden.length; t++) {
            double[] biased = router(hidden[t]);
            double[] bias = tensor.apply("gate.e_score_correction_bias");
            for (int e = 0; e < biased.length; e++) {
                biased[e] += bias[e];
            }
            double groupGap = keepBestGroups(biased);
            int[] order = descending(biased);
            for (int j = 0; j < perToken; j++) {
                picked[t * perToken + j] = order[j];
                scores[t * perToken + j] = biased[order[j]];
            }
            gaps[t] = Math.min(groupGap, gap(biased, order, perToken));
        }
        return new Choice(1, perToken, picked, scores, gaps);
    }

    /**
     * {@return the layer's output [tokens][hidden]}
     *
     * @param hidden the normalised inputs [tokens][hidden]
     * @param imposed the experts to use; null to choose them
     */
    public double[][] compute(double[][] hidden, @Nullable Choice imposed) {
        Choice choice = imposed == null ? choose(hidden) : imposed;
        double[][] output = new double[hidden.length][];
        for (int t = 0; t < hidden.length; t++) {
            int from = t * spec.perToken();
            output[t] = one(hidden[t], Arrays.copyOfRange(choice.picked(), from, from + spec.perToken()));
        }
        return output;
    }

    private double[] one(double[] x, int[] experts) {
        double[] r = router(x);
        double sum = 1e-20;
        for (int e : experts) {
            sum += r[e];
        }
        double[] y = spec.sharedInnerSize() > 0 ? mlp("shared_experts.", x) : new double[x.length];
        for (int e : experts) {
            double weight = (spec.normalized() ? r[e] / sum : r[e]) * spec.scaling();
            double[] expert = mlp("experts." + e + ".", x);
            for (int i = 0; i < y.length; i++) {
                y[i] += weight * expert[i];
            }
        }
        return y;
    }

    private double[] mlp(String prefix, double[] x) {
        return OracleMath.mlp(tensor.apply(prefix + "up_proj.weight"), tensor.apply(prefix + "down_proj.weight"), x);
    }

    private double[] router(double[] x) {
        double[] r = OracleMath.times(tensor.apply("gate.weight"), x);
        for (int e = 0; e < r.length; e++) {
            r[e] = 1 / (1 + Math.exp(-r[e]));
        }
        return r;
    }

    /** Sets the experts of all other groups to −∞ and returns the gap between the groups. */
    private double keepBestGroups(double[] biased) {
        if (spec.groups() == 1) {
            return Double.POSITIVE_INFINITY;
        }
        int size = biased.length / spec.groups();
        double[] strength = new double[spec.groups()];
        for (int g = 0; g < strength.length; g++) {
            double[] members = Arrays.copyOfRange(biased, g * size, (g + 1) * size);
            Arrays.sort(members);
            strength[g] = members[size - 1] + (size > 1 ? members[size - 2] : 0);
        }
        int[] order = descending(strength);
        for (int j = spec.topGroups(); j < order.length; j++) {
            Arrays.fill(biased, order[j] * size, (order[j] + 1) * size, Double.NEGATIVE_INFINITY);
        }
        return gap(strength, order, spec.topGroups());
    }

    private static double gap(double[] scores, int[] order, int kept) {
        if (kept == order.length) {
            return Double.POSITIVE_INFINITY;
        }
        double last = scores[order[kept - 1]];
        return (last - scores[order[kept]]) / Math.max(1, Math.abs(last));
    }

    /** Indices by falling score, the lower first among equals. */
    private static int[] descending(double[] scores) {
        int[] order = new int[scores.length];
        for (int i = 0; i < order.length; i++) {
            int at = i;
            while (at > 0 && scores[i] > scores[order[at - 1]]) {
                order[at] = order[at - 1];
                at--;
            }
            order[at] = i;
        }
        return order;
    }
}
