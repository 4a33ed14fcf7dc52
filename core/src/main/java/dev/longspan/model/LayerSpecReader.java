package dev.longspan.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.SpanAttention;
import dev.longspan.spi.SpanGeometry;
import java.util.List;
import java.util.Locale;

/** Reads the sizes of each kind of layer. */
final class LayerSpecReader {
    /** The largest size of anything. */
    static final int MAX_SIZE = 1 << 24;

    private static final String WINDOW = "span_attention_sw_index";
    private static final String SPANS = "span_attention_num_spans";
    private static final String BACKWARD = "span_attention_backward_factor";
    private static final String FORWARD = "span_attention_forward_factor";
    private static final String SEARCH_POWER = "span_attention_search_power";
    private static final String SPAN_POWER = "span_attention_span_power";
    private static final String SEARCH_SCALE = "span_attention_search_scale";

    /** The keys that an application may set. */
    static final List<String> SPAN_KEYS =
            List.of(WINDOW, SPANS, BACKWARD, FORWARD, SEARCH_POWER, SPAN_POWER, SEARCH_SCALE);

    private static final int MAX_CONVOLUTION = 1024;

    private final JsonKeys keys;
    private final boolean span;

    LayerSpecReader(JsonKeys keys, boolean span) {
        this.keys = keys;
        this.span = span;
    }

    LayerSpec read(LayerKind kind) {
        return switch (kind) {
            case MAMBA -> mamba();
            case ATTENTION -> attention();
            case MLP -> new LayerSpec.Mlp(keys.integer("intermediate_size", 1, MAX_SIZE));
            case EXPERTS -> experts();
        };
    }

    private LayerSpec mamba() {
        int heads = keys.integer("mamba_num_heads", 1, MAX_SIZE);
        int headSize = keys.integer("mamba_head_dim", 1, MAX_SIZE);
        int groups = keys.integer("n_groups", 1, MAX_SIZE);
        int stateSize = keys.integer("ssm_state_size", 1, MAX_SIZE);
        int width = keys.integer("conv_kernel", 2, MAX_CONVOLUTION);
        if (heads % groups != 0) {
            throw keys.fault("mamba_num_heads", "a multiple of n_groups " + groups);
        }
        // each product is below 2^50
        long inner = (long) heads * headSize;
        long states = (long) groups * stateSize;
        requireRows("mamba_num_heads", "in_proj", 2 * (inner + states) + heads);
        double[] limit = timeStepLimit();
        return new LayerSpec.Mamba(heads, headSize, groups, stateSize, width, limit[0], limit[1]);
    }

    private void requireRows(String key, String tensor, long rows) {
        if (rows > Integer.MAX_VALUE) {
            throw keys.fault(
                    key,
                    "sizes that give " + tensor + " at most " + Integer.MAX_VALUE + " rows, but they give " + rows);
        }
    }

    private double[] timeStepLimit() {
        String key = ModelConfigReader.TIME_STEP_LIMIT;
        JsonNode node = keys.node(key);
        if (node == null || isInfinity(node)) {
            return new double[] {0, Double.POSITIVE_INFINITY};
        }
        if (node.isArray() && node.size() == 2 && node.get(0).isNumber()) {
            double min = node.get(0).doubleValue();
            double max = isInfinity(node.get(1))
                    ? Double.POSITIVE_INFINITY
                    : node.get(1).isNumber() ? node.get(1).doubleValue() : Double.NaN;
            if (min >= 0 && Double.isFinite(min) && max >= min) {
                return new double[] {min, max};
            }
        }
        throw keys.fault(key, "[min, max] with 0 <= min <= max, where max may be Infinity");
    }

    private static boolean isInfinity(JsonNode node) {
        if (node.isObject() && node.size() == 1 && node.get("__float__") != null) {
            return isInfinity(node.get("__float__"));
        }
        if (node.isTextual()) {
            String text = node.textValue().toLowerCase(Locale.ROOT);
            return text.equals("infinity") || text.equals("inf");
        }
        return node.isNumber() && node.doubleValue() == Double.POSITIVE_INFINITY;
    }

    private LayerSpec attention() {
        int queries = keys.integer("num_attention_heads", 1, MAX_SIZE);
        int keyValues = keys.integer("num_key_value_heads", 1, MAX_SIZE);
        // never hidden_size / num_attention_heads: in the released model that is another number
        int size = keys.integer(keys.spelling("head_dim", "attention_head_dim"), 1, MAX_SIZE);
        if (queries % keyValues != 0) {
            throw keys.fault("num_attention_heads", "a multiple of num_key_value_heads " + keyValues);
        }
        requireRows("num_attention_heads", "q_proj", (long) queries * size);
        AttentionHeads heads = new AttentionHeads(queries, keyValues, size);
        return span ? new LayerSpec.Attention(heads, spanAttention()) : new LayerSpec.Attention(heads, null);
    }

    private SpanAttention spanAttention() {
        SpanAttention attention = new SpanAttention(
                keys.integer(WINDOW, 0, Integer.MAX_VALUE - 1),
                keys.integer(SPANS, 1, SpanAttention.MAX_SPANS),
                factor(BACKWARD),
                factor(FORWARD),
                power(SEARCH_POWER),
                power(SPAN_POWER),
                keys.number(
                        SEARCH_SCALE,
                        value -> Float.isFinite((float) value),
                        "a finite number in the range of float32",
                        1));
        long window = SpanGeometry.stripe(attention.searchPower(), attention.windowIndex() + 1L) - 1;
        if (window >= Integer.MAX_VALUE) {
            throw keys.fault(WINDOW, "a window of fewer than " + Integer.MAX_VALUE + " tokens, but it makes " + window);
        }
        return attention;
    }

    private double factor(String key) {
        return keys.number(key, value -> value >= 0, "a number of at least 0");
    }

    private double power(String key) {
        return keys.number(key, value -> value > 0 && value < 1, "a number between 0 and 1");
    }

    private LayerSpec experts() {
        int experts = keys.integer("n_routed_experts", 1, MAX_SIZE);
        int perToken = keys.integer("num_experts_per_tok", 1, experts);
        int inner = keys.integer("moe_intermediate_size", 1, MAX_SIZE);
        int groups = keys.integer("n_group", 1, experts, 1);
        int topGroups = keys.integer("topk_group", 1, groups, 1);
        if (experts % groups != 0) {
            throw keys.fault("n_group", "a divisor of n_routed_experts " + experts);
        }
        if ((long) topGroups * (experts / groups) < perToken) {
            throw keys.fault(
                    "topk_group",
                    "groups that hold num_experts_per_tok " + perToken + " experts, with " + experts / groups
                            + " in each");
        }
        boolean normalized = keys.bool("norm_topk_prob", true);
        double scaling = keys.number("routed_scaling_factor", value -> true, "a finite number", 1);
        return new LayerSpec.Experts(
                experts, perToken, inner, sharedSize(inner), groups, topGroups, normalized, scaling);
    }

    private int sharedSize(int inner) {
        int shared = keys.integer("n_shared_experts", 0, MAX_SIZE, 1);
        Integer size = keys.optionalInteger("moe_shared_expert_intermediate_size", 0, MAX_SIZE);
        if (shared == 0) {
            return 0;
        }
        if (size != null) {
            return size;
        }
        requireRows("n_shared_experts", "shared_experts.up_proj", (long) shared * inner);
        return shared * inner;
    }
}
