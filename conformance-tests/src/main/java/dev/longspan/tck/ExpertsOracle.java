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
        Choice choice = new Choice(hidden.length, 1, spec.perToken());
        for (int t = 0; t < hidden.length; t++) {
            double[] biased = router(hidden[t]);
            double[] bias = tensor.apply("gate.e_score_correction_bias");
            for (int e = 0; e < biased.length; e++) {
                biased[e] += bias[e];
            }
            double[] strength = strengths(biased);
            int[] groups = OracleMath.descending(strength);
            int kept = spec.topGroups();
            int[] order = within(groups, kept, biased);
            choice.keepFirst(
                    t, order, Arrays.stream(order).mapToDouble(e -> biased[e]).toArray());
            if (kept < groups.length) {
                double[] ranked =
                        Arrays.stream(groups).mapToDouble(g -> strength[g]).toArray();
                int[] otherwise = groups.clone();
                otherwise[kept - 1] = groups[kept];
                choice.decided(
                        t,
                        Choice.gap(ranked, kept - 1, kept),
                        Math.min(Choice.gap(ranked, kept - 1, kept + 1), Choice.gap(ranked, kept - 2, kept)),
                        within(otherwise, kept, biased));
            }
        }
        return choice;
    }

    /** The experts of the first groups, best first. */
    int[] within(int[] groups, int kept, double[] biased) {
        int size = spec.experts() / spec.groups();
        return Arrays.stream(OracleMath.descending(biased))
                .filter(e -> Arrays.stream(groups, 0, kept).anyMatch(g -> e / size == g))
                .toArray();
    }

    /** Of each group the sum of its two best. */
    private double[] strengths(double[] biased) {
        int size = biased.length / spec.groups();
        double[] strength = new double[spec.groups()];
        for (int g = 0; g < strength.length; g++) {
            double[] members = Arrays.copyOfRange(biased, g * size, (g + 1) * size);
            Arrays.sort(members);
            strength[g] = members[size - 1] + (size > 1 ? members[size - 2] : 0);
        }
        return strength;
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

    double[] mlp(String prefix, double[] x) {
        return OracleMath.mlp(tensor.apply(prefix + "up_proj.weight"), tensor.apply(prefix + "down_proj.weight"), x);
    }

    /** The score of a product of the router. */
    double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    private double[] router(double[] x) {
        double[] r = OracleMath.times(tensor.apply("gate.weight"), x);
        for (int e = 0; e < r.length; e++) {
            r[e] = sigmoid(r[e]);
        }
        return r;
    }
}
