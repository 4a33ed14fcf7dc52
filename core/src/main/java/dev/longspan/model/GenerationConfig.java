package dev.longspan.model;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A model's {@code generation_config.json}: what a request that leaves sampling open gets.
 *
 * <p>{@code do_sample} false means temperature 0; true without a temperature means 1. Where {@code do_sample} is absent
 * the temperature counts as given, and is 0 where that is absent, too. {@code max_new_tokens} is ignored.
 *
 * @param temperature 0 for greedy
 * @param topK how many tokens to choose from, at least 1; null for off
 * @param topP the mass of the tokens to choose from, above 0, at most 1; null for off
 * @param minP the least probability relative to the best token's, 0 to 1; null for off
 * @param repetitionPenalty above 0, at most 2; null for off
 * @param frequencyPenalty -2 to 2; null for off
 * @param presencePenalty -2 to 2; null for off
 * @param bosTokenId the id that begins a text; null if the file names none
 * @param eosTokenIds the ids that end an answer; empty if the file names none
 * @param otherKeys the keys that were not used, with their values as JSON
 */
public record GenerationConfig(
        double temperature,
        @Nullable Integer topK,
        @Nullable Double topP,
        @Nullable Double minP,
        @Nullable Double repetitionPenalty,
        @Nullable Double frequencyPenalty,
        @Nullable Double presencePenalty,
        @Nullable Integer bosTokenId,
        List<Integer> eosTokenIds,
        Map<String, String> otherKeys) {
    static final String FILE = "generation_config.json";

    /** Copies the components. */
    public GenerationConfig {
        eosTokenIds = List.copyOf(eosTokenIds);
        otherKeys = Collections.unmodifiableMap(new LinkedHashMap<>(otherKeys));
    }

    /** Reads the file, or gives greedy sampling where there is none. */
    static GenerationConfig read(FolderReader folder, int vocabularySize) {
        if (!folder.has(FILE)) {
            return new GenerationConfig(0, null, null, null, null, null, null, null, List.of(), Map.of());
        }
        JsonKeys keys = new JsonKeys(FILE, folder.json(FILE));
        double temperature = temperature(keys);
        return new GenerationConfig(
                temperature,
                topK(keys),
                topP(keys, temperature == 0),
                keys.optionalNumber("min_p", value -> value >= 0 && value <= 1, "a number from 0 to 1"),
                keys.optionalNumber(
                        "repetition_penalty", value -> value > 0 && value <= 2, "a number above 0, at most 2"),
                penalty(keys, "frequency_penalty"),
                penalty(keys, "presence_penalty"),
                keys.optionalInteger("bos_token_id", 0, vocabularySize - 1),
                keys.integers("eos_token_id", 0, vocabularySize - 1),
                keys.unused());
    }

    private static double temperature(JsonKeys keys) {
        Boolean sample = keys.optionalBool("do_sample");
        double absent = sample == null ? 0 : 1;
        double given = keys.number("temperature", value -> value >= 0, "a number of at least 0", absent);
        return sample != null && !sample ? 0 : given;
    }

    /** Some files write it with a point. */
    private static @Nullable Integer topK(JsonKeys keys) {
        Double value = keys.optionalNumber(
                "top_k",
                each -> each == Math.rint(each) && each >= -1 && each <= Integer.MAX_VALUE,
                "a whole number from -1 to " + Integer.MAX_VALUE);
        return value == null || value < 1 ? null : (Integer) value.intValue();
    }

    /** Where nothing is sampled, 0 is how some files write that it is off. */
    private static @Nullable Double topP(JsonKeys keys, boolean greedy) {
        Double value = keys.optionalNumber(
                "top_p",
                each -> (each > 0 || (greedy && each == 0)) && each <= 1,
                "a number above 0, at most 1" + (greedy ? ", or 0 for off" : ""));
        return value == null || value == 0 ? null : value;
    }

    private static @Nullable Double penalty(JsonKeys keys, String key) {
        return keys.optionalNumber(key, value -> value >= -2 && value <= 2, "a number from -2 to 2");
    }
}
