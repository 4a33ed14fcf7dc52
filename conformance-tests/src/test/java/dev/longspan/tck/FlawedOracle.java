package dev.longspan.tck;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.SpanAttention;
import dev.longspan.spi.WeightSource;
import java.util.Arrays;
import java.util.function.Function;

/** The oracle with a flaw in its network. */
final class FlawedOracle extends Oracle {
    private static final int TILE = 256;
    private static final int HEADS = 8;

    private final Flaw flaw;
    private final Rounding rounding;

    FlawedOracle(ModelSpec spec, WeightSource weights, Flaw flaw) {
        super(flaw == Flaw.EPSILON_IS_FIXED ? withFixedEpsilon(spec) : spec, FlawedWeights.of(weights, flaw));
        this.flaw = flaw;
        this.rounding = Rounding.of(flaw);
    }

    private static ModelSpec withFixedEpsilon(ModelSpec spec) {
        return new ModelSpec(
                spec.modelType(), spec.vocabularySize(), spec.hiddenSize(), 1e-6, spec.tiedEmbeddings(), spec.layers());
    }

    @Override
    double[] rounded(double[] computed) {
        return rounding.round(computed);
    }

    @Override
    AttentionOracle spans(AttentionHeads heads, SpanAttention span) {
        if (flaw == Flaw.STEPS_KEEP_THE_WORST_ANCHORS) {
            return new AttentionOracle(heads, span) {
                @Override
                public Choice search(int first, double[] searchQueries, double[] keys) {
                    boolean step = searchQueries.length == heads.queryHeads() * heads.headSize();
                    double[] turned =
                            Arrays.stream(searchQueries).map(x -> step ? -x : x).toArray();
                    return super.search(first, turned, keys);
                }
            };
        }
        return new FlawedAttention(heads, span, flaw);
    }

    @Override
    ExpertsOracle experts(LayerSpec.Experts layer, Function<String, double[]> tensor) {
        if (flaw != Flaw.EXPERTS_ARE_NOT_NORMALISED) {
            return new RoundingExperts(layer, tensor);
        }
        return new ExpertsOracle(
                new LayerSpec.Experts(
                        layer.experts(),
                        layer.perToken(),
                        layer.innerSize(),
                        layer.sharedInnerSize(),
                        layer.groups(),
                        layer.topGroups(),
                        false,
                        layer.scaling()),
                tensor);
    }

    /** Experts whose products are rounded, and whose bias may be forgotten. */
    private final class RoundingExperts extends ExpertsOracle {
        private final LayerSpec.Experts layer;
        private final Function<String, double[]> tensor;

        RoundingExperts(LayerSpec.Experts layer, Function<String, double[]> tensor) {
            super(layer, tensor);
            this.layer = layer;
            this.tensor = tensor;
        }

        @Override
        double sigmoid(double x) {
            return flaw == Flaw.EXPONENTIALS_OF_ROUTERS_WRAP ? 1 / (1 + wrapping(-x)) : super.sigmoid(x);
        }

        @Override
        public Choice choose(double[][] hidden) {
            if (flaw == Flaw.STEPS_FORGET_THE_BIAS && hidden.length == 1) {
                return new ExpertsOracle(
                                layer, name -> name.endsWith("bias") ? new double[layer.experts()] : tensor.apply(name))
                        .choose(hidden);
            }
            Choice right = super.choose(hidden);
            if (flaw == Flaw.EXPERTS_HAVE_6_BITS) {
                int[] cut = Arrays.stream(right.picked()).map(e -> e & 63).toArray();
                return Choice.imposed(1, layer.perToken(), cut);
            }
            return flaw == Flaw.EQUAL_EXPERTS_ARE_REVERSED ? withTheLastOfEqual(right) : right;
        }

        @Override
        int[] within(int[] groups, int kept, double[] biased) {
            int[] right = super.within(groups, kept, biased);
            if (flaw != Flaw.LEFT_OUT_GROUPS_COUNT_AS_ZERO) {
                return right;
            }
            double[] ranks = new double[biased.length];
            for (int e : right) {
                ranks[e] = biased[e];
            }
            return OracleMath.descending(ranks);
        }

        /** With the last experts where the scores of all are the same. */
        private Choice withTheLastOfEqual(Choice right) {
            double[] gate = tensor.apply("gate.weight");
            int row = gate.length / layer.experts();
            boolean equal = layer.groups() == 1 && Arrays.equals(gate, 0, row, gate, gate.length - row, gate.length);
            int[] picked = right.picked().clone();
            for (int i = 0; i < picked.length && equal; i++) {
                picked[i] = layer.experts() - 1 - picked[i];
            }
            return equal ? Choice.imposed(1, layer.perToken(), picked) : right;
        }

        @Override
        double[] mlp(String prefix, double[] x) {
            return FlawedOracle.this.mlp(
                    tensor.apply(prefix + "up_proj.weight"), tensor.apply(prefix + "down_proj.weight"), x);
        }
    }

    @Override
    MambaOracle mamba(int index, LayerSpec.Mamba mamba) {
        Function<String, double[]> tensor = name -> weight("backbone.layers." + index + ".mixer." + name);
        if (flaw == Flaw.SOFTPLUS_OVERFLOWS) {
            return new MambaOracle(mamba, spec().normEpsilon(), tensor) {
                @Override
                double timeStep(double projected) {
                    float step = (float) Math.log1p((float) Math.exp(projected));
                    return Math.min(Math.max(step, mamba.minTimeStep()), mamba.maxTimeStep());
                }
            };
        }
        if (flaw != Flaw.TIME_STEP_IS_NOT_CLAMPED) {
            return new RoundingMamba(mamba, tensor);
        }
        return new MambaOracle(mamba, spec().normEpsilon(), tensor) {
            @Override
            double timeStep(double projected) {
                return OracleMath.softplus(projected);
            }
        };
    }

    /** Mamba whose products and norm are rounded, the time step excepted. */
    private final class RoundingMamba extends MambaOracle {
        private final LayerSpec.Mamba mamba;

        RoundingMamba(LayerSpec.Mamba mamba, Function<String, double[]> tensor) {
            super(mamba, spec().normEpsilon(), tensor);
            this.mamba = mamba;
        }

        @Override
        double silu(double x) {
            return flaw == Flaw.EXPONENTIALS_OF_GATES_WRAP ? x / (1 + wrapping(-x)) : super.silu(x);
        }

        @Override
        double[] projected(double[] computed) {
            double[] rounded = rounding.round(computed);
            int exact = mamba.heads();
            System.arraycopy(computed, computed.length - exact, rounded, rounded.length - exact, exact);
            return rounded;
        }

        @Override
        double[] rounded(double[] computed) {
            return rounding.round(computed);
        }
    }

    @Override
    double[] mlp(double[] up, double[] down, double[] x) {
        double[] inner = rounding.round(OracleMath.times(up, x));
        if (flaw != Flaw.RELU_IS_NOT_SQUARED) {
            for (int i = 0; i < inner.length; i++) {
                inner[i] = Math.max(0, inner[i]) * Math.max(0, inner[i]);
            }
            if (flaw == Flaw.ROWS_END_WITH_THEIR_LAST_TILE && inner.length > TILE) {
                Arrays.fill(inner, inner.length - inner.length % TILE, inner.length, 0);
            }
            return rounding.round(OracleMath.times(down, inner));
        }
        for (int i = 0; i < inner.length; i++) {
            inner[i] = Math.max(0, inner[i]);
        }
        return OracleMath.times(down, inner);
    }

    @Override
    double[] dense(AttentionHeads heads, int first, double[] queries, double[] keys, double[] values) {
        if (flaw == Flaw.SOFTMAX_OVERFLOWS) {
            return inFloat32(heads, first, queries, keys, values, (score, largest) -> (float) Math.exp(score));
        }
        if (flaw == Flaw.EXPONENTIALS_OF_FAR_SCORES_WRAP) {
            return inFloat32(heads, first, queries, keys, values, (score, largest) -> wrapping(score - largest));
        }
        if (flaw == Flaw.SCALE_IS_FORGOTTEN) {
            double[] larger = queries.clone();
            for (int i = 0; i < larger.length; i++) {
                larger[i] *= Math.sqrt(heads.headSize());
            }
            return super.dense(heads, first, larger, keys, values);
        }
        if (flaw == Flaw.DENSE_ATTENTION_FORGETS) {
            double[] recent = keys.clone();
            int old = (recent.length / (heads.keyValueHeads() * heads.headSize()) - 700)
                    * heads.keyValueHeads()
                    * heads.headSize();
            if (old > 0) {
                Arrays.fill(recent, 0, old, 0);
            }
            return super.dense(heads, first, queries, recent, values);
        }
        double[] right = super.dense(heads, first, queries, keys, values);
        for (int i = 0; i < right.length && flaw == Flaw.HEADS_BEHIND_THE_EIGHTH_ARE_ZERO; i++) {
            right[i] = i / heads.headSize() % heads.group() < HEADS ? right[i] : 0;
        }
        return right;
    }

    /** What a score weighs, before all are divided by their sum. */
    private interface Weight {
        float of(double score, double largest);
    }

    /** Dense attention with weights in float32. */
    private static double[] inFloat32(
            AttentionHeads heads, int first, double[] queries, double[] keys, double[] values, Weight weight) {
        int size = heads.headSize();
        double[] output = new double[queries.length];
        for (int from = 0; from < queries.length; from += size) {
            int position = first + from / size / heads.queryHeads();
            int shared = from / size % heads.queryHeads() / heads.group();
            double[] scores = new double[position + 1];
            for (int j = 0; j <= position; j++) {
                int key = (j * heads.keyValueHeads() + shared) * size;
                scores[j] = OracleMath.dot(queries, from, keys, key, size) / Math.sqrt(size);
            }
            double largest = Arrays.stream(scores).max().orElseThrow();
            float sum = 0;
            for (int j = 0; j <= position; j++) {
                float own = weight.of(scores[j], largest);
                sum += own;
                for (int d = 0; d < size; d++) {
                    output[from + d] += own * values[(j * heads.keyValueHeads() + shared) * size + d];
                }
            }
            for (int d = 0; d < size; d++) {
                output[from + d] /= sum;
            }
        }
        return output;
    }

    /** The exponential of which the exponent of float32 is made by a shift, whatever it is. */
    private static float wrapping(double x) {
        int power = (int) Math.floor(x / Math.log(2));
        return (float) (Float.intBitsToFloat((power + 127) << 23) * Math.exp(x - power * Math.log(2)));
    }
}
