package dev.longspan.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every flow that was tried on the server whose interface this is, with the statuses that it gave, or those that are better. */
class HttpVectorsTest extends OnServer {
    /** Where the specification of this server has another answer than the flow. */
    private static final Map<String, Integer> SPECIFIED = Map.of(
            // a user's message needs content
            "content null", 400,
            // the newer name wins
            "both, different", 200,
            // the template of this model has no way to turn thinking off
            "thinking off", 400);

    /** One flow. */
    record Flow(String name, JsonNode steps) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Flow> flows() throws IOException {
        try (InputStream in = HttpVectorsTest.class.getResourceAsStream("/vectors/http.json")) {
            List<Flow> flows = new ArrayList<>();
            for (JsonNode example : JSON.readTree(in).get("examples")) {
                flows.add(new Flow(example.get("name").asText(), example.get("steps")));
            }
            return flows.stream();
        }
    }

    @ParameterizedTest
    @MethodSource("flows")
    void everyStepIsAnsweredAsItShouldBe(Flow flow) {
        Map<String, String> captured =
                new HashMap<>(Map.of("model", engine.model().name()));
        for (JsonNode step : flow.steps) {
            String path = filled(step.get("path").asText(), captured);
            String body = step.has("raw_body")
                    ? step.get("raw_body").asText()
                    : step.has("body") ? filled(step.get("body").toString(), captured) : null;
            Answer answer = call(step.get("method").asText(), path, body);
            check(flow, step, answer);
            for (Map.Entry<String, JsonNode> each : step.path("capture").properties()) {
                captured.put(
                        each.getKey(),
                        answer.json().get(each.getValue().asText()).asText());
            }
        }
    }

    private static String filled(String text, Map<String, String> captured) {
        String filled = text;
        for (Map.Entry<String, String> each : captured.entrySet()) {
            filled = filled.replace("{" + each.getKey() + "}", each.getValue());
        }
        return filled;
    }

    private static void check(Flow flow, JsonNode step, Answer answer) {
        boolean better = step.has("better");
        JsonNode original = step.get("original");
        int status = SPECIFIED.getOrDefault(
                flow.name,
                (better ? step.get("better") : original).get("status").asInt());
        String what = step + " answered " + answer.response().body();
        assertThat(answer.status()).as(what).isEqualTo(status);
        if (status >= 400) {
            assertThat(answer.json().path("error").path("message").asText())
                    .as(what)
                    .isNotEmpty();
            assertThat(answer.json().path("detail").asText()).as(what).isNotEmpty();
            return;
        } else if (better || SPECIFIED.containsKey(flow.name)) {
            return;
        }
        for (JsonNode key : original.path("json_keys")) {
            if (!key.asText().equals("cache_id")) {
                assertThat(answer.json().has(key.asText()))
                        .as(key + " in " + what)
                        .isTrue();
            }
        }
        if (original.has("body_status") && !step.get("path").asText().equals("/health")) {
            assertThat(answer.json().get("status")).as(what).isEqualTo(original.get("body_status"));
        }
        if (original.has("finish_reason")) {
            assertThat(answer.json().at("/choices/0/finish_reason").asText())
                    .as(what)
                    .isIn("stop", "length");
        }
        if (original.has("events")) {
            List<String> events = events(answer.response().body());
            assertThat(parse(events.get(0)).at("/choices/0/delta/role")).isEqualTo(TextNode.valueOf("assistant"));
            assertThat(events.get(events.size() - 1)).isEqualTo("[DONE]");
        }
        if (original.has("message_roles")) {
            List<String> roles = new ArrayList<>();
            answer.json()
                    .get("messages")
                    .forEach(message -> roles.add(message.get("role").asText()));
            List<String> expected = new ArrayList<>();
            original.get("message_roles").forEach(role -> expected.add(role.asText()));
            assertThat(roles).as(what).isEqualTo(expected);
        }
        if (original.has("message_count")) {
            JsonNode session = answer.json().has("session") ? answer.json().get("session") : answer.json();
            assertThat(session.get("message_count").asInt())
                    .as(what)
                    .isEqualTo(original.get("message_count").asInt());
        }
    }
}
