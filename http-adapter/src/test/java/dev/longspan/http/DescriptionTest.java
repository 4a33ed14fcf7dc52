package dev.longspan.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import dev.longspan.http.server.Route;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The description of the interface is true: it has all routes and no other, and answers and requests are as it says. */
class DescriptionTest extends OnServer {
    private static final Set<String> PAGE = Set.of("GET /", "GET /app.js", "GET /style.css", "GET /icon.svg");

    private JsonNode description;

    @BeforeEach
    void read() throws IOException {
        description = new YAMLMapper().readTree(get("/openapi.yaml").response().body());
    }

    @Test
    void everyRouteIsDescribedAndNoOther() {
        Set<String> described = new TreeSet<>();
        for (Map.Entry<String, JsonNode> path : description.get("paths").properties()) {
            for (Map.Entry<String, JsonNode> method : path.getValue().properties()) {
                if (!method.getKey().equals("parameters")) {
                    described.add(method.getKey().toUpperCase(java.util.Locale.ROOT) + " "
                            + path.getKey().replaceAll("\\{\\w+}", "*"));
                }
            }
        }
        Set<String> offered = new TreeSet<>();
        for (Route route : server.routes()) {
            offered.add(route.method() + " " + String.join("/", route.path()).replace("**", "*"));
        }
        offered.removeAll(PAGE);
        assertThat(described).isEqualTo(offered);
    }

    private JsonSchema schema(JsonNode of) {
        ObjectNode root = JSON.createObjectNode();
        root.setAll((ObjectNode) of);
        root.set("components", description.get("components"));
        return JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(root);
    }

    private JsonNode resolved(JsonNode node) {
        return node.has("$ref") ? description.at(node.get("$ref").asText().substring(1)) : node;
    }

    private void answers(String method, String path, String template, String body) {
        Answer answer = call(method, path, body);
        JsonNode operation = description.get("paths").get(template).get(method.toLowerCase(java.util.Locale.ROOT));
        JsonNode responses = operation.get("responses");
        String status = Integer.toString(answer.status());
        JsonNode response = resolved(responses.has(status) ? responses.get(status) : responses.get("default"));
        JsonNode wanted = response.at("/content/application~1json/schema");
        assertThat(schema(wanted).validate(answer.json()))
                .as(method + " " + path + ": " + answer.response().body())
                .isEmpty();
        JsonNode request = operation.at("/requestBody/content/application~1json/schema");
        if (body != null && answer.status() == 200) {
            assertThat(schema(request).validate(parse(body))).as(body).isEmpty();
        }
    }

    @Test
    void answersAreAsDescribed() {
        answers("POST", CHAT, CHAT, chat("!think 5\n!say a\n!end"));
        answers("POST", CHAT, CHAT, chat("x", "\"n\": 0"));
        answers("POST", "/v1/generate/digest", "/v1/generate/{model}", "{\"prompt\": \"a\", \"max_new_tokens\": 3}");
        answers("POST", "/v1/sessions", "/v1/sessions", "{\"session_id\": \"s\"}");
        answers("POST", CHAT, CHAT, chat("!say a\n!end", "\"session_id\": \"s\"", "\"expected_seq\": 0"));
        answers("GET", "/v1/sessions", "/v1/sessions", null);
        answers("GET", "/v1/sessions?detail=true", "/v1/sessions", null);
        answers("GET", "/v1/sessions/s", "/v1/sessions/{session}", null);
        answers("GET", "/v1/sessions/none", "/v1/sessions/{session}", null);
        answers("GET", "/v1/sessions/s/history", "/v1/sessions/{session}/history", null);
        String session = "/v1/sessions/{session}";
        answers(
                "POST",
                "/v1/sessions/s/append",
                session + "/append",
                "{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}]}");
        answers("POST", "/v1/sessions/s/rollback", session + "/rollback", "{\"keep_messages\": 2}");
        answers("POST", "/v1/sessions/s/resize", session + "/resize", "{\"max_seq_len\": 900}");
        answers("POST", "/v1/sessions/s/resize/next_pow2", session + "/resize/next_pow2", "{\"strategy\": \"gpu\"}");
        answers("POST", "/v1/sessions/s/fork", session + "/fork", "{\"session_id\": \"t\"}");
        answers("POST", "/v1/sessions/s/save", session + "/save", "{\"title\": \"T\", \"tags\": [\"a\"]}");
        answers("GET", "/v1/snapshots", "/v1/snapshots", null);
        String id = get("/v1/snapshots").json().at("/snapshots/0/snapshot_id").asText();
        answers("GET", "/v1/snapshots/" + id, "/v1/snapshots/{snapshot}", null);
        answers("PATCH", "/v1/snapshots/" + id, "/v1/snapshots/{snapshot}", "{\"title\": null}");
        answers("POST", "/v1/snapshots/" + id + "/load", "/v1/snapshots/{snapshot}/load", "{\"session_id\": \"u\"}");
        answers("DELETE", "/v1/snapshots/" + id, "/v1/snapshots/{snapshot}", null);
        answers("DELETE", "/v1/sessions/t", "/v1/sessions/{session}", null);
        answers("GET", "/v1/models", "/v1/models", null);
        answers("GET", "/v1/models/digest", "/v1/models/{model}", null);
        answers("GET", "/v1/pools", "/v1/pools", null);
        answers("POST", "/v1/tokenize", "/v1/tokenize", "{\"text\": \"a\"}");
        answers("POST", "/v1/detokenize", "/v1/detokenize", "{\"tokens\": [5]}");
        answers("GET", "/livez", "/livez", null);
        answers("GET", "/readyz", "/readyz", null);
        answers("GET", "/health", "/health", null);
    }

    @Test
    void chunksAreAsDescribed() {
        String body = chat(
                "!think 5\n!say a\n!end",
                "\"stream\": true",
                "\"stream_options\": {\"include_usage\": true, \"include_progress\": true}");
        JsonSchema chunk = schema(description.at("/components/schemas/ChatChunk"));
        assertThat(schema(description.at("/components/schemas/ChatRequest")).validate(parse(body)))
                .isEmpty();
        for (JsonNode each : chunks(post(CHAT, body).response().body())) {
            assertThat(chunk.validate(each)).as(each.toString()).isEmpty();
        }
    }
}
