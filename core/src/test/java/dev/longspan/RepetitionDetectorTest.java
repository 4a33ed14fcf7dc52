package dev.longspan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("fast")
class RepetitionDetectorTest {
    private static final JsonNode VECTORS = vectors();

    private static JsonNode vectors() {
        try (InputStream in = RepetitionDetectorTest.class.getResourceAsStream("/vectors/repetition.json")) {
            return new ObjectMapper().readTree(in);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void everyVectorGivesTheExpectedPeriod() {
        int seen = 0;
        for (JsonNode entry : VECTORS.get("cases")) {
            assertThat(detect(entry)).as(entry.toString()).isEqualTo(expected(entry.get("expected")));
            seen++;
        }
        assertThat(seen).isEqualTo(238);
    }

    @Test
    void textBeforeTheLoopDoesNotHideIt() {
        int seen = 0;
        for (JsonNode entry : VECTORS.get("readings_differ")) {
            assertThat(detect(entry)).as(entry.toString()).isEqualTo(expected(entry.get("last_blocks_only")));
            seen++;
        }
        assertThat(seen).isEqualTo(62);
    }

    @Test
    void argumentsOutOfRangeAreRefusedByName() {
        for (JsonNode entry : VECTORS.get("rejected_arguments")) {
            String field = entry.get("field").asText();
            Map<String, Object> override = new HashMap<>();
            override.put(field, entry.get("value").asInt());
            assertThatThrownBy(() -> RepetitionSettings.DEFAULT.with(override))
                    .isInstanceOf(InvalidRequestException.class)
                    .hasMessageContaining(field);
        }
    }

    @Test
    void overridesReplaceDefaultsAndAreReadStrictly() {
        ObjectMapper json = new ObjectMapper();
        int merged = 0;
        int refused = 0;
        for (JsonNode entry : VECTORS.get("config_merge")) {
            JsonNode override = entry.get("override");
            if (!override.isObject() || override.has("min_unique_tokens_in_period")) {
                continue; // what is no object cannot be said in Java; the alias belongs to the wire
            }
            Map<String, Object> values = json.convertValue(
                    override, new com.fasterxml.jackson.core.type.TypeReference<LinkedHashMap<String, Object>>() {});
            if (entry.has("note") || entry.get("original").has("rejected_field")) {
                assertThatThrownBy(() -> RepetitionSettings.DEFAULT.with(values))
                        .as(entry.toString())
                        .isInstanceOf(InvalidRequestException.class)
                        .hasMessageContaining(values.keySet().iterator().next());
                refused++;
            } else {
                JsonNode want = entry.get("original").get("merged");
                assertThat(RepetitionSettings.DEFAULT.with(values))
                        .isEqualTo(new RepetitionSettings(
                                want.get("enabled").asBoolean(),
                                want.get("tail_len").asInt(),
                                want.get("check_every").asInt(),
                                want.get("min_generated_tokens").asInt(),
                                want.get("min_repeats").asInt(),
                                want.get("max_period").asInt(),
                                want.get("min_unique_tokens").asInt()));
                merged++;
            }
        }
        assertThat(merged).isGreaterThanOrEqualTo(5);
        assertThat(refused).isGreaterThanOrEqualTo(15);
    }

    @Test
    void itIsLookedForAtTheStatedTimes() {
        RepetitionDetector detector = new RepetitionDetector(RepetitionSettings.DEFAULT);
        assertThat(IntStream.rangeClosed(1, 360).filter(detector::isDue)).containsExactly(256, 288, 320, 352);
        RepetitionDetector often = new RepetitionDetector(
                RepetitionSettings.DEFAULT.with(Map.of("check_every", 4, "min_generated_tokens", 12)));
        assertThat(IntStream.rangeClosed(1, 24).filter(often::isDue)).containsExactly(12, 16, 20, 24);
        assertThat(new RepetitionDetector(RepetitionSettings.DEFAULT.with(Map.of("enabled", false))).isDue(256))
                .isFalse();
    }

    @Test
    void aHugeTailOfOneTokenIsLookedAtInLinearTime() {
        int[] tokens = new int[4_000_000];
        Arrays.fill(tokens, 7);
        RepetitionSettings settings = new RepetitionSettings(true, tokens.length, 1, 0, 2, tokens.length, 2);
        assertThat(new RepetitionDetector(settings).detect(tokens, tokens.length))
                .isEmpty();
    }

    private static Optional<RepetitionDetector.Repetition> detect(JsonNode entry) {
        JsonNode p = entry.get("params");
        RepetitionSettings settings = new RepetitionSettings(
                true,
                p.get("tail_len").asInt(),
                1,
                p.get("min_generated_tokens").asInt(),
                p.get("min_repeats").asInt(),
                p.get("max_period").asInt(),
                p.get("min_unique_tokens").asInt());
        int[] tokens = new int[entry.get("tokens").size()];
        for (int i = 0; i < tokens.length; i++) {
            tokens[i] = entry.get("tokens").get(i).asInt();
        }
        return new RepetitionDetector(settings).detect(tokens, tokens.length);
    }

    private static Optional<RepetitionDetector.Repetition> expected(JsonNode node) {
        return node.isNull()
                ? Optional.empty()
                : Optional.of(new RepetitionDetector.Repetition(
                        node.get("period").asInt(),
                        node.get("repeats").asInt(),
                        node.get("checked_tail_len").asInt()));
    }
}
