package dev.longspan.tck;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.SpanAttention;
import dev.longspan.spi.WeightSource;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The judge of backends: the whole network in float64, straight from its definitions, slow and plain.
 *
 * <p>It shares no code with any backend. All weights are held as float64, so it is for small models. May be used from any
 * thread.
 */
public class Oracle {
    private final ModelSpec spec;
    private final Map<String, double[]> tensors = new HashMap<>();

    /**
     * Reads all weights.
     *
     * @param spec the network
     * @param weights its tensors
     */
    public Oracle(ModelSpec spec, WeightSource weights) {
        this.spec = spec;
        for (ModelSpec.Tensor tensor : spec.tensors()) {
            tensors.put(tensor.name(), Tensors.read(weights, tensor.name()));
        }
    }

    /** One with weights that are held already. */
    Oracle(ModelSpec spec, Map<String, double[]> tensors) {
        this.spec = spec;
        this.tensors.putAll(tensors);
    }

    /**
     * One whose weights, and what it hands on, are off by at most a rounding: how far its logits are from the right ones tells how
     * far rounding moves them in this network, on these ids.
     */
    Oracle shaken(double rounding, long seed) {
        return new ShakenOracle(this, rounding, new SplittableRandom(seed));
    }

    /** {@return the network} */
    public ModelSpec spec() {
        return spec;
    }

    /**
     * {@return a weight, row by row, not a copy}
     *
     * @param name a name of {@link ModelSpec#tensors}
     * @throws IllegalArgumentException if there is no such tensor
     */
    public double[] weight(String name) {
        double[] tensor = tensors.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException("no tensor '" + name + "' in this model");
        }
        return tensor;
    }

    /**
     * {@return logits, choices and state of a sequence}
     *
     * @param ids the token ids, at least one
     */
    public OracleResult compute(int... ids) {
        return compute(ids, Map.of());
    }

    /**
     * {@return logits, choices and state of a sequence, with the choices of some layers imposed}
     *
     * @param ids the token ids, at least one
     * @param imposed anchors or experts by the index of their layer; all other layers choose for themselves
     */
    public OracleResult compute(int[] ids, Map<Integer, Choice> imposed) {
        return compute(Stretch.whole(ids), new Choices(imposed, Set.of()));
    }

    /** What comes of a stretch, whose layers choose for themselves. */
    OracleResult compute(Stretch stretch) {
        return compute(stretch, Choices.NONE);
    }

    /**
     * A narrow decision that goes the other way.
     *
     * @param layer the index of its layer
     * @param unit the unit, counted through all positions
     */
    record Turn(int layer, int unit) {}

    /** With some decisions that go the other way. */
    OracleResult compute(Stretch stretch, Set<Turn> turns) {
        return compute(stretch, new Choices(Map.of(), turns));
    }

    /**
     * With the choices of all layers imposed.
     *
     * @param own is told what each layer would have chosen itself, after what was imposed on those before it
     */
    OracleResult compute(Stretch stretch, Map<Integer, Choice> imposed, Map<Integer, Choice> own) {
        return compute(stretch, new Choices(imposed, Set.of(), own));
    }

    /** What is decided from outside. */
    private record Choices(
            Map<Integer, Choice> imposed,
            Set<Turn> turns,
            @Nullable Map<Integer, Choice> noted) {
        static final Choices NONE = new Choices(Map.of(), Set.of());

        Choices(Map<Integer, Choice> imposed, Set<Turn> turns) {
            this(imposed, turns, null);
        }

        Choice of(int layer, Supplier<Choice> own) {
            if (noted != null) {
                noted.put(layer, own.get());
            }
            Choice choice = imposed.containsKey(layer) ? imposed.get(layer) : own.get();
            for (Turn turn : turns) {
                choice = turn.layer == layer ? choice.turned(turn.unit) : choice;
            }
            return choice;
        }
    }

    /**
     * {@return logits, choices and state of more ids}
     *
     * @param ids the token ids, at least one
     * @param state the state before them, as an earlier result gave it; empty at the beginning
     * @param length how many tokens that state has absorbed
     */
    OracleResult advance(int[] ids, Map<String, double[]> state, int length) {
        return compute(Stretch.behind(state, length, ids));
    }

    private OracleResult compute(Stretch stretch, Choices choices) {
        int[] ids = stretch.ids();
        int rows = stretch.rows();
        double[][] residual = new double[ids.length][];
        for (int t = 0; t < ids.length; t++) {
            residual[t] = row(weight("backbone.embeddings.weight"), ids[t]);
        }
        OracleResult result = new OracleResult(new double[rows][], new TreeMap<>(), new HashMap<>());
        for (int i = 0; i < spec.layers().size(); i++) {
            int wanted = i == spec.layers().size() - 1 ? rows : ids.length;
            double[][] hidden = norm(residual, "backbone.layers." + i + ".norm.weight");
            double[][] mixed = mixer(i, new Input(hidden, stretch.before(), stretch.length(), wanted, choices), result);
            residual = Arrays.copyOfRange(residual, ids.length - wanted, ids.length);
            for (int t = 0; t < wanted; t++) {
                for (int d = 0; d < spec.hiddenSize(); d++) {
                    residual[t][d] += mixed[mixed.length - wanted + t][d];
                }
                residual[t] = carried(residual[t]);
            }
        }
        double[] head = weight(spec.tiedEmbeddings() ? "backbone.embeddings.weight" : "lm_head.weight");
        double[][] last = norm(residual, "backbone.norm_f.weight");
        for (int t = 0; t < rows; t++) {
            result.setLogits(t, rounded(OracleMath.times(head, last[t])));
        }
        return result;
    }

    /**
     * What a layer is given.
     *
     * @param hidden the normalised inputs [tokens][hidden]
     * @param state the state before them; empty at the beginning
     * @param length how many tokens that has absorbed
     * @param wanted how many of the last rows are wanted; more may be computed
     * @param choices what is decided from outside
     */
    @SuppressWarnings("ArrayRecordComponent") // lives for a moment, and the array is never written to
    private record Input(double[][] hidden, Map<String, double[]> state, int length, int wanted, Choices choices) {
        double[] before(String name, int size) {
            double[] found = state.get(name);
            return found == null ? new double[size] : found;
        }
    }

    /** The output of one layer's mixer [tokens][hidden]; the result takes its choices and state. */
    private double[][] mixer(int index, Input in, OracleResult result) {
        LayerSpec layer = spec.layers().get(index);
        String prefix = "backbone.layers." + index + ".mixer.";
        if (layer instanceof LayerSpec.Mamba m) {
            String name = "layers." + index;
            MambaOracle.Result computed = mamba(index, m)
                    .recurrent(
                            in.hidden,
                            in.before(name + ".conv", m.channels() * (m.convolutionWidth() - 1)),
                            in.before(name + ".ssm", m.innerSize() * m.stateSize()));
            result.setState(name + ".conv", computed.conv());
            result.setState(name + ".ssm", computed.ssm());
            return computed.output();
        } else if (layer instanceof LayerSpec.Attention attention) {
            return attention(index, attention, in, result);
        } else if (layer instanceof LayerSpec.Experts experts) {
            ExpertsOracle oracle = experts(experts, name -> weight(prefix + name));
            Choice choice = in.choices.of(index, () -> oracle.choose(in.hidden));
            result.setChoice(index, choice);
            return oracle.compute(in.hidden, choice);
        }
        double[][] output = new double[in.hidden.length][];
        for (int t = 0; t < output.length; t++) {
            output[t] = mlp(weight(prefix + "up_proj.weight"), weight(prefix + "down_proj.weight"), in.hidden[t]);
        }
        return output;
    }

    double[] mlp(double[] up, double[] down, double[] x) {
        return OracleMath.mlp(up, down, x);
    }

    /**
     * {@return the oracle of a Mamba layer}
     *
     * @param index which layer
     * @throws IllegalArgumentException if it is another kind of layer
     */
    public MambaOracle mamba(int index) {
        if (spec.layers().get(index) instanceof LayerSpec.Mamba mamba) {
            return mamba(index, mamba);
        }
        throw new IllegalArgumentException("layer " + index + " is not a Mamba layer");
    }

    MambaOracle mamba(int index, LayerSpec.Mamba mamba) {
        return new MambaOracle(
                mamba, spec.normEpsilon(), name -> weight("backbone.layers." + index + ".mixer." + name));
    }

    private double[][] attention(int index, LayerSpec.Attention layer, Input in, OracleResult result) {
        String prefix = "backbone.layers." + index + ".mixer.";
        AttentionHeads heads = layer.heads();
        double[][] asking = Arrays.copyOfRange(in.hidden, in.hidden.length - in.wanted, in.hidden.length);
        int first = in.length + in.hidden.length - in.wanted;
        double[] queries = project(prefix + "q_proj.weight", asking);
        double[] keys = joined(in.before("layers." + index + ".key", 0), project(prefix + "k_proj.weight", in.hidden));
        double[] values =
                joined(in.before("layers." + index + ".value", 0), project(prefix + "v_proj.weight", in.hidden));
        result.setState("layers." + index + ".key", keys);
        result.setState("layers." + index + ".value", values);
        SpanAttention span = layer.span();
        double[] attended;
        if (span == null) {
            attended = dense(heads, first, queries, keys, values);
        } else {
            AttentionOracle oracle = spans(heads, span);
            double[] searchQueries = project(prefix + "search_q_proj.weight", asking);
            Choice choice = in.choices.of(index, () -> oracle.search(first, searchQueries, keys));
            result.setChoice(index, choice);
            attended = oracle.attend(first, searchQueries, queries, keys, values, choice);
        }
        double[][] output = new double[asking.length][];
        for (int t = 0; t < output.length; t++) {
            double[] row = new double[heads.queryHeads() * heads.headSize()];
            System.arraycopy(attended, t * row.length, row, 0, row.length);
            output[t] = rounded(OracleMath.times(weight(prefix + "o_proj.weight"), row));
        }
        return output;
    }

    private static double[] joined(double[] first, double[] second) {
        double[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    double[] dense(AttentionHeads heads, int first, double[] queries, double[] keys, double[] values) {
        return AttentionOracle.dense(heads, first, queries, keys, values);
    }

    /** The oracle of a layer with spans. */
    AttentionOracle spans(AttentionHeads heads, SpanAttention span) {
        return new AttentionOracle(heads, span);
    }

    /** The oracle of a layer of experts. */
    ExpertsOracle experts(LayerSpec.Experts layer, Function<String, double[]> tensor) {
        return new ExpertsOracle(layer, tensor);
    }

    /** What a norm or a product is handed on as: as it is. */
    double[] rounded(double[] computed) {
        return computed;
    }

    /** What the sum behind a layer is carried on as: as it is. */
    double[] carried(double[] sum) {
        return sum;
    }

    /** The projections of all tokens, [tokens, rows of the matrix]. */
    private double[] project(String name, double[][] hidden) {
        double[] matrix = weight(name);
        int rows = matrix.length / spec.hiddenSize();
        double[] projected = new double[hidden.length * rows];
        for (int t = 0; t < hidden.length; t++) {
            System.arraycopy(rounded(OracleMath.times(matrix, hidden[t])), 0, projected, t * rows, rows);
        }
        return projected;
    }

    private double[][] norm(double[][] rows, String name) {
        double[][] normed = new double[rows.length][];
        for (int t = 0; t < rows.length; t++) {
            normed[t] = rounded(OracleMath.rmsNorm(rows[t], weight(name), 1, spec.normEpsilon()));
        }
        return normed;
    }

    private double[] row(double[] matrix, int index) {
        double[] row = new double[spec.hiddenSize()];
        System.arraycopy(matrix, index * row.length, row, 0, row.length);
        return row;
    }
}
