package dev.longspan.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The kinds of layers, and how configurations write their order. */
enum LayerKind {
    MAMBA('M'),
    ATTENTION('*'),
    MLP('-'),
    EXPERTS('E');

    private static final Map<String, LayerKind> NAMES = Map.of(
            "mamba", MAMBA,
            "mamba2", MAMBA,
            "linear_attention", MAMBA,
            "attention", ATTENTION,
            "full_attention", ATTENTION,
            "mlp", MLP,
            "moe", EXPERTS);

    private static final String PATTERN = "hybrid_override_pattern";
    private static final String LIST = "layers_block_type";
    private static final String COUNT = "num_hidden_layers";
    private static final int MAX_LAYERS = 10_000;

    private final char letter;

    LayerKind(char letter) {
        this.letter = letter;
    }

    /** The layers in order, from a pattern of letters or a list of names; where both are there they must agree. */
    static List<LayerKind> read(JsonKeys keys) {
        String pattern = keys.optionalString(PATTERN);
        JsonNode list = keys.node(LIST);
        if (pattern == null && list == null) {
            throw keys.fault(PATTERN, "a pattern of the letters M, *, - and E");
        }
        if (pattern != null && pattern.length() > MAX_LAYERS) {
            throw keys.fault(PATTERN, "1 to " + MAX_LAYERS + " layers");
        }
        if (list != null && list.size() > MAX_LAYERS) {
            throw keys.fault(LIST, "1 to " + MAX_LAYERS + " layers");
        }
        List<LayerKind> layers = pattern == null ? List.of() : ofPattern(keys, pattern);
        if (list != null) {
            List<LayerKind> named = ofList(keys, list);
            if (pattern != null && !named.equals(layers)) {
                throw keys.fault(LIST, "the same layers as " + PATTERN);
            }
            layers = named;
        }
        requireCount(keys, pattern == null ? LIST : PATTERN, layers.size());
        return layers;
    }

    private static void requireCount(JsonKeys keys, String key, int found) {
        if (found == 0 || found > MAX_LAYERS) {
            throw keys.fault(key, "1 to " + MAX_LAYERS + " layers");
        }
        // newer files with a list of names leave the count out
        Integer count = keys.optionalInteger(COUNT, 1, MAX_LAYERS);
        if (count == null && key.equals(LIST)) {
            return;
        }
        int layers = keys.integer(COUNT, 1, MAX_LAYERS);
        if (layers != found) {
            throw keys.fault(key, layers + " layers as " + COUNT + " says, but there are " + found);
        }
    }

    private static List<LayerKind> ofPattern(JsonKeys keys, String pattern) {
        List<LayerKind> layers = new ArrayList<>();
        for (int i = 0; i < pattern.length(); i++) {
            LayerKind kind = ofLetter(pattern.charAt(i));
            if (kind == null) {
                throw keys.fault(
                        PATTERN, "the letters M, *, - and E, but layer " + i + " is '" + pattern.charAt(i) + "'");
            }
            layers.add(kind);
        }
        return layers;
    }

    private static List<LayerKind> ofList(JsonKeys keys, JsonNode list) {
        if (!list.isArray()) {
            throw keys.fault(LIST, "a list of mamba, attention, mlp and moe");
        }
        List<LayerKind> layers = new ArrayList<>();
        for (JsonNode name : list) {
            LayerKind kind = name.isTextual() ? NAMES.get(name.textValue()) : null;
            if (kind == null) {
                throw keys.fault(
                        LIST,
                        "a list of mamba, attention, mlp and moe, but layer " + layers.size() + " is "
                                + StrictJson.show(name));
            }
            layers.add(kind);
        }
        return layers;
    }

    private static @Nullable LayerKind ofLetter(char letter) {
        for (LayerKind kind : values()) {
            if (kind.letter == letter) {
                return kind;
            }
        }
        return null;
    }
}
