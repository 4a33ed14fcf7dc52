package dev.longspan.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelLoadException;
import dev.longspan.spi.ModelSpec;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Reads {@code config.json} of the model types {@code superlinear-exp} and {@code nemotron_h}. */
final class ModelConfigReader {
    static final String FILE = "config.json";
    static final String TIME_STEP_LIMIT = "time_step_limit";

    /** The most tensors a network may have; the released model has about 6 000. */
    static final int MAX_TENSORS = 1_000_000;

    private static final String SUPERLINEAR = "superlinear-exp";
    private static final String NEMOTRON = "nemotron_h";

    private final JsonKeys keys;
    private final Map<String, JsonNode> options;

    private ModelConfigReader(JsonKeys keys, Map<String, JsonNode> options) {
        this.keys = keys;
        this.options = options;
    }

    /**
     * Reads the file.
     *
     * @param options values for {@code span_attention_*} keys: numbers, or strings that hold a number
     */
    static ModelConfig read(FolderReader folder, Map<String, ?> options) {
        return read(folder.json(FILE, TIME_STEP_LIMIT), options);
    }

    static ModelConfig read(ObjectNode root, Map<String, ?> options) {
        Map<String, JsonNode> overrides = overrides(options);
        return new ModelConfigReader(new JsonKeys(FILE, root, overrides), overrides).config();
    }

    private static Map<String, JsonNode> overrides(Map<String, ?> options) {
        Map<String, JsonNode> overrides = new TreeMap<>();
        for (Map.Entry<String, ?> option : options.entrySet()) {
            String key = option.getKey();
            if (!LayerSpecReader.SPAN_KEYS.contains(key)) {
                throw new ModelLoadException(
                        JsonKeys.OPTIONS,
                        key,
                        "expected one of " + String.join(", ", LayerSpecReader.SPAN_KEYS) + ", found another key");
            }
            Object value = option.getValue();
            JsonNode node = value instanceof Number ? StrictJson.node(value) : StrictJson.number(value.toString());
            if (!node.isNumber()) {
                throw new ModelLoadException(
                        JsonKeys.OPTIONS, key, "expected a number, found " + StrictJson.show(node));
            }
            overrides.put(key, node);
        }
        return overrides;
    }

    private ModelConfig config() {
        boolean span = modelTypeHasSpans();
        refuseOtherNetworks();
        ModelSpec spec = spec(span);
        int lastId = spec.vocabularySize() - 1;
        Map<String, String> shown = new TreeMap<>();
        options.forEach((key, node) -> shown.put(key, node.toString()));
        return new ModelConfig(
                spec,
                keys.optionalInteger("bos_token_id", 0, lastId),
                keys.integers("eos_token_id", 0, lastId),
                keys.optionalInteger("pad_token_id", 0, lastId),
                keys.optionalInteger("max_position_embeddings", 1, Integer.MAX_VALUE),
                shown,
                keys.unused());
    }

    private boolean modelTypeHasSpans() {
        String type = keys.optionalString("model_type");
        boolean span = SUPERLINEAR.equals(type);
        if (!span && !NEMOTRON.equals(type)) {
            throw keys.fault("model_type", "\"" + SUPERLINEAR + "\" or \"" + NEMOTRON + "\"");
        }
        if (!span && !options.isEmpty()) {
            throw new ModelLoadException(
                    JsonKeys.OPTIONS,
                    options.keySet().iterator().next(),
                    "expected a model with span attention, found model_type \"" + type + "\"");
        }
        return span;
    }

    private void refuseOtherNetworks() {
        for (String key : List.of("use_bias", "mlp_bias", "attention_bias", "mamba_proj_bias")) {
            if (keys.bool(key, false)) {
                throw keys.fault(key, "false, since projections with a bias are not supported");
            }
        }
        if (!keys.bool("use_conv_bias", true)) {
            throw keys.fault("use_conv_bias", "true, since a convolution without bias is not supported");
        }
        requireActivation("mlp_hidden_act", "relu2");
        requireActivation("mamba_hidden_act", "silu");
        if (keys.has("moe_latent_size")) {
            throw keys.fault("moe_latent_size", "null, since latent experts are not supported");
        }
        keys.optionalBool("residual_in_fp32");
    }

    private void requireActivation(String key, String only) {
        String found = keys.optionalString(key);
        if (found != null && !found.equals(only)) {
            throw keys.fault(key, "\"" + only + "\", the only activation that is supported here");
        }
    }

    private ModelSpec spec(boolean span) {
        int vocabulary = keys.integer("vocab_size", 1, LayerSpecReader.MAX_SIZE);
        int hidden = keys.integer("hidden_size", 1, LayerSpecReader.MAX_SIZE);
        double epsilon = keys.number(
                keys.spelling("layer_norm_epsilon", "norm_eps", "rms_norm_eps"),
                value -> value > 0 && value <= 1,
                "a number above 0, at most 1");
        boolean tied = keys.bool("tie_word_embeddings", false);
        List<LayerKind> kinds = LayerKind.read(keys);
        LayerSpecReader reader = new LayerSpecReader(keys, span);
        Map<LayerKind, LayerSpec> specs = new EnumMap<>(LayerKind.class);
        List<LayerSpec> layers = new ArrayList<>(kinds.size());
        for (LayerKind kind : kinds) {
            layers.add(specs.computeIfAbsent(kind, reader::read));
        }
        requireTensors(layers);
        return new ModelSpec(keys.string("model_type"), vocabulary, hidden, epsilon, tied, layers);
    }

    private void requireTensors(List<LayerSpec> layers) {
        long tensors = 3;
        for (LayerSpec layer : layers) {
            tensors += layer instanceof LayerSpec.Experts experts ? 5 + 2L * experts.experts() : 9;
        }
        if (tensors > MAX_TENSORS) {
            throw keys.fault(
                    keys.has("n_routed_experts") ? "n_routed_experts" : "num_hidden_layers",
                    "a network of at most " + MAX_TENSORS + " tensors, but it makes " + tensors);
        }
    }
}
