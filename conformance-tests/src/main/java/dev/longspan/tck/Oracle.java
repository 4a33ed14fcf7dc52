package dev.longspan.tck;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.SpanAttention;
import dev.longspan.spi.WeightSource;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The judge of backends: the whole network in float64, straight from its definitions, slow and plain.
 *
 * <p>It shares no code with any backend. All weights are held as float64, so it is for small models. May be used from any
 * thread.
 */
public final class Oracle {
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
        double[][] residual = new double[ids.length][];
        for (int t = 0; t < ids.length; t++) {
            residual[t] = row(weight("backbone.embeddings.weight"), ids[t]);
        }
        OracleResult result = new OracleResult(new double[ids.length][], new TreeMap<>(), new HashMap<>());
        for (int i = 0; i < spec.layers().size(); i++) {
            double[][] mixed =
                    mixer(i, norm(residual, "backbone.layers." + i + ".norm.weight"), imposed.get(i), result);
            for (int t = 0; t < ids.length; t++) {
                for (int d = 0; d < spec.hiddenSize(); d++) {
                    residual[t][d] += mixed[t][d];
                }
            }
        }
        double[] head = weight(spec.tiedEmbeddings() ? "backbone.embeddings.weight" : "lm_head.weight");
        double[][] last = norm(residual, "backbone.norm_f.weight");
        for (int t = 0; t < ids.length; t++) {
            result.setLogits(t, OracleMath.times(head, last[t]));
        }
        return result;
    }

    /**
     * {@return the output of one layer's mixer [tokens][hidden]}
     *
     * @param index which layer
     * @param hidden the normalised inputs [tokens][hidden], from position 0 on
     * @param imposed the anchors or experts to use; null to choose
     * @param result takes the layer's choices and state
     */
    double[][] mixer(int index, double[][] hidden, @Nullable Choice imposed, OracleResult result) {
        LayerSpec layer = spec.layers().get(index);
        String prefix = "backbone.layers." + index + ".mixer.";
        if (layer instanceof LayerSpec.Mamba mamba) {
            MambaOracle.Result computed = mamba(index, mamba).recurrent(hidden);
            result.setState("layers." + index + ".conv", computed.conv());
            result.setState("layers." + index + ".ssm", computed.ssm());
            return computed.output();
        } else if (layer instanceof LayerSpec.Attention attention) {
            return attention(index, attention, hidden, imposed, result);
        } else if (layer instanceof LayerSpec.Experts experts) {
            ExpertsOracle oracle = new ExpertsOracle(experts, name -> weight(prefix + name));
            Choice choice = imposed == null ? oracle.choose(hidden) : imposed;
            result.setChoice(index, choice);
            return oracle.compute(hidden, choice);
        }
        double[][] output = new double[hidden.length][];
        for (int t = 0; t < output.length; t++) {
            output[t] =
                    OracleMath.mlp(weight(prefix + "up_proj.weight"), weight(prefix + "down_proj.weight"), hidden[t]);
        }
        return output;
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

    private MambaOracle mamba(int index, LayerSpec.Mamba mamba) {
        return new MambaOracle(
                mamba, spec.normEpsilon(), name -> weight("backbone.layers." + index + ".mixer." + name));
    }

    private double[][] attention(
            int index, LayerSpec.Attention layer, double[][] hidden, @Nullable Choice imposed, OracleResult result) {
        String prefix = "backbone.layers." + index + ".mixer.";
        AttentionHeads heads = layer.heads();
        double[] queries = project(prefix + "q_proj.weight", hidden);
        double[] keys = project(prefix + "k_proj.weight", hidden);
        double[] values = project(prefix + "v_proj.weight", hidden);
        result.setState("layers." + index + ".key", keys);
        result.setState("layers." + index + ".value", values);
        SpanAttention span = layer.span();
        double[] attended;
        if (span == null) {
            attended = AttentionOracle.dense(heads, 0, queries, keys, values);
        } else {
            AttentionOracle oracle = new AttentionOracle(heads, span);
            double[] searchQueries = project(prefix + "search_q_proj.weight", hidden);
            Choice choice = imposed == null ? oracle.search(0, searchQueries, keys) : imposed;
            result.setChoice(index, choice);
            attended = oracle.attend(0, searchQueries, queries, keys, values, choice);
        }
        double[][] output = new double[hidden.length][];
        for (int t = 0; t < output.length; t++) {
            double[] row = new double[heads.queryHeads() * heads.headSize()];
            System.arraycopy(attended, t * row.length, row, 0, row.length);
            output[t] = OracleMath.times(weight(prefix + "o_proj.weight"), row);
        }
        return output;
    }

    /** The projections of all tokens, [tokens, rows of the matrix]. */
    private double[] project(String name, double[][] hidden) {
        double[] matrix = weight(name);
        int rows = matrix.length / spec.hiddenSize();
        double[] projected = new double[hidden.length * rows];
        for (int t = 0; t < hidden.length; t++) {
            System.arraycopy(OracleMath.times(matrix, hidden[t]), 0, projected, t * rows, rows);
        }
        return projected;
    }

    private double[][] norm(double[][] rows, String name) {
        double[][] normed = new double[rows.length][];
        for (int t = 0; t < rows.length; t++) {
            normed[t] = OracleMath.rmsNorm(rows[t], weight(name), 1, spec.normEpsilon());
        }
        return normed;
    }

    private double[] row(double[] matrix, int index) {
        double[] row = new double[spec.hiddenSize()];
        System.arraycopy(matrix, index * row.length, row, 0, row.length);
        return row;
    }
}
