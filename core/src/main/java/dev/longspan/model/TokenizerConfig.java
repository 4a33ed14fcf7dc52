package dev.longspan.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What {@code tokenizer_config.json} and {@code special_tokens_map.json} say about special tokens; the first wins, and
 * either may be missing.
 *
 * @param bosToken the text of the token that begins a text; null if there is none
 * @param eosToken the text of the token that ends a text; null if there is none
 * @param padToken the text of the padding token; null if there is none
 * @param unkToken the text of the token for what is unknown; null if there is none
 * @param addBosToken whether encoding puts the first token in front; null if the files do not say
 * @param addEosToken whether encoding puts the last token behind; null if the files do not say
 * @param additionalSpecialTokens the texts of further special tokens
 */
public record TokenizerConfig(
        @Nullable String bosToken,
        @Nullable String eosToken,
        @Nullable String padToken,
        @Nullable String unkToken,
        @Nullable Boolean addBosToken,
        @Nullable Boolean addEosToken,
        List<String> additionalSpecialTokens) {
    static final String FILE = "tokenizer_config.json";

    private static final String SPECIAL = "special_tokens_map.json";
    private static final String ADDITIONAL = "additional_special_tokens";

    /** Copies the components. */
    public TokenizerConfig {
        additionalSpecialTokens = List.copyOf(additionalSpecialTokens);
    }

    static TokenizerConfig read(FolderReader folder) {
        JsonKeys config = keys(folder, FILE);
        JsonKeys special = keys(folder, SPECIAL);
        return new TokenizerConfig(
                token(config, special, "bos_token"),
                token(config, special, "eos_token"),
                token(config, special, "pad_token"),
                token(config, special, "unk_token"),
                config.optionalBool("add_bos_token"),
                config.optionalBool("add_eos_token"),
                additional(config.has(ADDITIONAL) ? config : special));
    }

    private static JsonKeys keys(FolderReader folder, String file) {
        ObjectNode root = folder.has(file) ? folder.json(file) : (ObjectNode) StrictJson.node(Map.of());
        return new JsonKeys(file, root);
    }

    private static @Nullable String token(JsonKeys config, JsonKeys special, String key) {
        JsonKeys keys = config.has(key) ? config : special;
        JsonNode node = keys.node(key);
        // some files say false where there is no token
        return node == null || node.equals(BooleanNode.FALSE) ? null : content(keys, key, node);
    }

    private static List<String> additional(JsonKeys keys) {
        JsonNode node = keys.node(ADDITIONAL);
        List<String> tokens = new ArrayList<>();
        if (node != null && !node.isArray()) {
            throw keys.fault(ADDITIONAL, "a list of tokens");
        }
        for (JsonNode each : node == null ? List.<JsonNode>of() : node) {
            tokens.add(content(keys, ADDITIONAL, each));
        }
        return tokens;
    }

    /** A token is a string, or an object whose content is one. */
    private static String content(JsonKeys keys, String key, JsonNode node) {
        JsonNode text = node.isObject() ? node.get("content") : node;
        if (text == null || !text.isTextual()) {
            throw keys.fault(key, "a string, or an object with a string \"content\"");
        }
        return text.textValue();
    }
}
