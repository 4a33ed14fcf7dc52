package dev.longspan.output;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.longspan.ToolSpecification;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The golden vectors of output parsing, cut in every way. */
@Tag("fast")
class OutputVectorsTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int RANDOM_SPLITS = 1000;

    private static final Map<String, String> ERRORS = Map.of(
            "unknown tool", "UNKNOWN_TOOL",
            "tool calls not allowed", "NOT_ALLOWED",
            "tool call malformed", "MALFORMED",
            "tool call incomplete", "INCOMPLETE",
            "too many tool calls", "TOO_MANY");

    static JsonNode vectors(String file) {
        try (InputStream in = OutputVectorsTest.class.getResourceAsStream("/vectors/" + file)) {
            return JSON.readTree(in);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private record Case(String name, String input, OutputRules rules, JsonNode expected) {
        Gathered parse(List<String> pieces) {
            return Gathered.of(rules, pieces);
        }
    }

    private static List<Case> cases() {
        JsonNode root = vectors("outputparse.json");
        List<Case> cases = new ArrayList<>();
        for (String group : List.of("cases", "peer_inconsistent", "original_differs")) {
            for (JsonNode entry : root.get(group)) {
                List<String> stop = new ArrayList<>();
                entry.get("stop").forEach(one -> {
                    if (!one.asText().isEmpty()) {
                        stop.add(one.asText());
                    }
                });
                List<ToolSpecification> tools = new ArrayList<>();
                entry.get("tools").forEach(one -> tools.add(new ToolSpecification(one.asText(), "", "")));
                OutputRules rules = new OutputRules(
                        entry.get("start_in_think").asBoolean(),
                        stop,
                        new FunctionTags(),
                        tools,
                        entry.get("tool_calls_allowed").asBoolean(),
                        entry.get("max_tool_calls").asInt(),
                        false);
                JsonNode expected = entry.has("expected") ? entry.get("expected") : entry.get("intended");
                cases.add(
                        new Case(entry.get("name").asText(), entry.get("input").asText(), rules, expected));
            }
        }
        return cases;
    }

    @Test
    void everyVectorGivesTheExpectedOutput() {
        assertThat(cases()).hasSize(93 + 35 + 16);
        for (Case each : cases()) {
            Gathered got = each.parse(List.of(each.input()));
            boolean withCalls = !got.calls.isEmpty();
            assertThat(withCalls ? got.textWithoutSpaceBesideCalls() : got.text())
                    .as(each.name())
                    .isEqualTo(
                            withCalls
                                    ? spaceBesideCallsDropped(each, got)
                                    : each.expected().get("text").asText());
            if (each.expected().get("thinking").asText().length() > 0) { // empty where the case does not report it
                assertThat(got.thinking.toString())
                        .as(each.name())
                        .isEqualTo(each.expected().get("thinking").asText());
            }
            assertThat(got.calls.size())
                    .as(each.name())
                    .isEqualTo(each.expected().get("tool_calls").size());
            for (int i = 0; i < got.calls.size(); i++) {
                assertCall(
                        each.name(),
                        got.calls.get(i),
                        each.expected().get("tool_calls").get(i));
            }
            assertThat(got.end()).as(each.name()).isEqualTo(expectedEnd(each.expected()));
        }
    }

    /** The expected text has no marks where calls stood: the same white space is dropped there as in what was found. */
    private static String spaceBesideCallsDropped(Case each, Gathered got) {
        assertThat(got.text())
                .as(each.name())
                .isEqualTo(each.expected().get("text").asText());
        return got.textWithoutSpaceBesideCalls();
    }

    private static String expectedEnd(JsonNode expected) {
        String reason = expected.get("stop_reason").isNull()
                ? ""
                : expected.get("stop_reason").asText();
        return reason.equals("error") ? ERRORS.get(expected.get("error").asText()) : reason;
    }

    @Test
    void everySplitInTwoGivesTheSame() {
        for (Case each : cases()) {
            List<String> whole = each.parse(List.of(each.input())).outcome();
            int points = each.input().codePointCount(0, each.input().length());
            for (int at = 0; at <= points; at++) {
                assertThat(each.parse(Gathered.cut(each.input(), at)).outcome())
                        .as(each.name() + " cut at " + at)
                        .isEqualTo(whole);
            }
        }
    }

    @Test
    void everySplitOfTheBytesInTwoGivesTheSame() {
        for (Case each : cases()) {
            List<String> whole = each.parse(List.of(each.input())).outcome();
            int bytes = each.input().getBytes(StandardCharsets.UTF_8).length;
            for (int at = 0; at <= bytes; at++) {
                assertThat(Gathered.ofBytes(each.rules(), each.input(), at).outcome())
                        .as(each.name() + " cut at byte " + at)
                        .isEqualTo(whole);
            }
            assertThat(Gathered.ofBytes(
                                    each.rules(),
                                    each.input(),
                                    IntStream.range(1, Math.max(1, bytes)).toArray())
                            .outcome())
                    .as(each.name() + " byte by byte")
                    .isEqualTo(whole);
        }
    }

    @Test
    void randomSplitsInManyPiecesGiveTheSame() {
        SplittableRandom random = new SplittableRandom(1);
        for (Case each : cases()) {
            List<String> whole = each.parse(List.of(each.input())).outcome();
            int points = each.input().codePointCount(0, each.input().length());
            int bytes = each.input().getBytes(StandardCharsets.UTF_8).length;
            for (int i = 0; i < RANDOM_SPLITS; i++) {
                int pieces = 1 + random.nextInt(12);
                assertThat(each.parse(Gathered.cut(each.input(), places(random, points, pieces)))
                                .outcome())
                        .as(each.name())
                        .isEqualTo(whole);
                assertThat(Gathered.ofBytes(each.rules(), each.input(), places(random, bytes, pieces))
                                .outcome())
                        .as(each.name())
                        .isEqualTo(whole);
            }
            assertThat(each.parse(Gathered.points(each.input())).outcome()).isEqualTo(whole);
        }
    }

    private static int[] places(SplittableRandom random, int most, int count) {
        return random.ints(count, 0, most + 1).sorted().toArray();
    }

    static void assertCall(String name, String found, JsonNode expected) {
        int space = found.indexOf(' ');
        assertThat(found.substring(0, space))
                .as(name)
                .isEqualTo(expected.get("name").asText());
        JsonNode arguments = ToolJson.parse(found.substring(space + 1));
        assertThat(byValue(arguments)).as(name).isEqualTo(byValue(expected.get("arguments")));
        List<String> order = new ArrayList<>();
        arguments.fieldNames().forEachRemaining(order::add);
        List<String> expectedOrder = new ArrayList<>();
        expected.get("arguments").fieldNames().forEachRemaining(expectedOrder::add);
        assertThat(order).as(name).isEqualTo(expectedOrder);
    }

    /** Numbers count by their value, not by how they are written. */
    private static JsonNode byValue(JsonNode node) {
        if (node.isNumber()) {
            return DecimalNode.valueOf(node.decimalValue().stripTrailingZeros());
        } else if (node.isArray()) {
            var array = JsonNodeFactory.instance.arrayNode();
            node.forEach(one -> array.add(byValue(one)));
            return array;
        } else if (node.isObject()) {
            var object = JsonNodeFactory.instance.objectNode();
            node.properties().forEach(field -> object.set(field.getKey(), byValue(field.getValue())));
            return object;
        }
        return node;
    }
}
