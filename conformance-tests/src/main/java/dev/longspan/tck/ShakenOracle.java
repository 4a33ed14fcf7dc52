package dev.longspan.tck;

import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;

/** The oracle, each of whose weights and intermediate numbers is off by a random part of some rounding, where a backend may round. */
final class ShakenOracle extends Oracle {
    private final double rounding;
    private final SplittableRandom random;

    ShakenOracle(Oracle right, double rounding, SplittableRandom random) {
        super(right.spec(), weights(right, rounding, random));
        this.rounding = rounding;
        this.random = random;
    }

    private static Map<String, double[]> weights(Oracle right, double rounding, SplittableRandom random) {
        Map<String, double[]> weights = new HashMap<>();
        for (ModelSpec.Tensor tensor : right.spec().tensors()) {
            double[] numbers = right.weight(tensor.name()).clone();
            int rows = isExact(tensor.name()) ? 0 : rounded(right.spec(), tensor);
            shake(numbers, (int) (numbers.length / tensor.shape().get(0)) * rows, rounding, random);
            weights.put(tensor.name(), numbers);
        }
        return weights;
    }

    private static void shake(double[] numbers, int end, double rounding, SplittableRandom random) {
        for (int i = 0; i < end; i++) {
            numbers[i] *= 1 + rounding * (2 * random.nextDouble() - 1);
        }
    }

    /** What decides, and what stands in an exponent, is in float32 in every arithmetic. */
    private static boolean isExact(String name) {
        return name.endsWith(".dt_bias") || name.endsWith(".A_log") || name.contains(".gate.");
    }

    /** How many of a tensor's rows may be rounded: all but those that give the time step. */
    private static int rounded(ModelSpec spec, ModelSpec.Tensor tensor) {
        int rows = Math.toIntExact(tensor.shape().get(0));
        if (tensor.name().endsWith(".in_proj.weight")) {
            for (int i = 0; i < spec.layers().size(); i++) {
                if (tensor.name().startsWith("backbone.layers." + i + ".")
                        && spec.layers().get(i) instanceof LayerSpec.Mamba mamba) {
                    return rows - mamba.heads();
                }
            }
        }
        return rows;
    }

    /** The first numbers shaken, the others as they are. */
    private double[] shaken(double[] computed, int end) {
        double[] shaken = computed.clone();
        shake(shaken, end, rounding, random);
        return shaken;
    }

    @Override
    double[] rounded(double[] computed) {
        return shaken(computed, computed.length);
    }

    @Override
    double[] carried(double[] sum) {
        return rounded(sum);
    }

    @Override
    double[] mlp(double[] up, double[] down, double[] x) {
        double[] inner = rounded(OracleMath.times(up, x));
        return rounded(OracleMath.times(
                down,
                Arrays.stream(inner)
                        .map(each -> Math.max(0, each) * Math.max(0, each))
                        .toArray()));
    }

    @Override
    ExpertsOracle experts(LayerSpec.Experts layer, Function<String, double[]> tensor) {
        return new ExpertsOracle(layer, tensor) {
            @Override
            double[] mlp(String prefix, double[] x) {
                return ShakenOracle.this.mlp(
                        tensor.apply(prefix + "up_proj.weight"), tensor.apply(prefix + "down_proj.weight"), x);
            }
        };
    }

    @Override
    MambaOracle mamba(int index, LayerSpec.Mamba mamba) {
        return new MambaOracle(
                mamba, spec().normEpsilon(), name -> weight("backbone.layers." + index + ".mixer." + name)) {
            @Override
            double[] projected(double[] computed) {
                return shaken(computed, computed.length - mamba.heads());
            }

            @Override
            double[] between(double[] computed) {
                return ShakenOracle.this.rounded(computed);
            }

            @Override
            double[] rounded(double[] computed) {
                return ShakenOracle.this.rounded(computed);
            }
        };
    }
}
