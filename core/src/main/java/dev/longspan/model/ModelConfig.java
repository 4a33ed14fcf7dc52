package dev.longspan.model;

import dev.longspan.spi.ModelSpec;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A model's {@code config.json}.
 *
 * @param spec the network
 * @param bosTokenId the id that begins a text; null if there is none
 * @param eosTokenIds the ids that end a text; may be empty
 * @param padTokenId the id of padding; null if there is none
 * @param maxPositionEmbeddings what the file says about length; only reported, since there are no positions; null if it
 *     says nothing
 * @param options the options that replaced keys of the file, by key, as JSON
 * @param otherKeys the keys that were not used, with their values as JSON
 */
public record ModelConfig(
        ModelSpec spec,
        @Nullable Integer bosTokenId,
        List<Integer> eosTokenIds,
        @Nullable Integer padTokenId,
        @Nullable Integer maxPositionEmbeddings,
        Map<String, String> options,
        Map<String, String> otherKeys) {
    /** Copies the components. */
    public ModelConfig {
        eosTokenIds = List.copyOf(eosTokenIds);
        options = Collections.unmodifiableMap(new LinkedHashMap<>(options));
        otherKeys = Collections.unmodifiableMap(new LinkedHashMap<>(otherKeys));
    }
}
