package dev.longspan.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaLocation;
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
    private static final Set<String> PAGE =
            Set.of("GET /", "GET /server.js", "GET /app.js", "GET /begin.js", "GET /style.css", "GET /icon.svg");

    private JsonNode description;

    @BeforeEach
    void read() throws IOException {
        description = yaml(get("/openapi.yaml").response().body());
    }

    private static JsonNode yaml(String text) throws IOException {
        return YAMLMapper.builder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .build()
                .readTree(text);
    }

    @Test
    void itIsWhatOpenApiAsksFor() {
        assertThat(OpenApiForm.faults(description)).isEmpty();
        assertThat(description.get("openapi").asText()).isEqualTo("3.1.0");
        JsonSchema rules = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
                .getSchema(SchemaLocation.of("https://json-schema.org/draft/2020-12/schema"));
        int schemas = 0;
        for (JsonNode holder : description.findParents("schema")) {
            assertThat(rules.validate(holder.get("schema")))
                    .as(holder.toString())
                    .isEmpty();
            schemas++;
        }
        for (JsonNode schema : description.at("/components/schemas")) {
            assertThat(rules.validate(schema)).as(schema.toString()).isEmpty();
            schemas++;
        }
        assertThat(schemas).isGreaterThan(50);
    }

    @Test
    void pathsDeclareWhatTheyLeaveOpen() {
        for (Map.Entry<String, JsonNode> path : description.get("paths").properties()) {
            Set<String> open = new TreeSet<>();
            java.util.regex.Pattern.compile("\\{(\\w+)}")
                    .matcher(path.getKey())
                    .results()
                    .forEach(found -> open.add(found.group(1)));
            for (Map.Entry<String, JsonNode> operation : path.getValue().properties()) {
                Set<String> declared = new TreeSet<>();
                for (JsonNode from : java.util.List.of(
                        path.getValue().path("parameters"), operation.getValue().path("parameters"))) {
                    from.forEach(each -> {
                        JsonNode parameter = resolved(each);
                        if (parameter.get("in").asText().equals("path")) {
                            assertThat(parameter.get("required").asBoolean()).isTrue();
                            declared.add(parameter.get("name").asText());
                        }
                    });
                }
                assertThat(declared).as(path.getKey()).isEqualTo(open);
                operation
                        .getValue()
                        .path("responses")
                        .fieldNames()
                        .forEachRemaining(status -> assertThat(status).matches("[1-5]\\d\\d|default"));
            }
        }
    }

    @Test
    void whatIsNoneIsNoticed() throws IOException {
        String good =
                "openapi: 3.1.0\ninfo: { title: a, version: b }\npaths: { /a: { get: { responses: { default: %s } } } }";
        assertThat(OpenApiForm.faults(yaml(good.formatted("{ description: all }"))))
                .isEmpty();
        for (String bad : java.util.List.of(
                "{ description: One, or two. }",
                "{ description: a, headers: { A: { schema: { type: string, odd: 1 } } } }",
                "{ description: a, content: { a/b: { schema: { $ref: '#/none' } } } }",
                "{ content: {} }")) {
            assertThat(OpenApiForm.faults(yaml(good.formatted(bad)))).as(bad).isNotEmpty();
        }
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
        answers("POST", "/v1/sessions", "/v1/sessions", "{\"session_id\": null, \"max_seq_len\": null}");
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
        answers(
                "POST",
                "/v1/sessions/s/rollback",
                session + "/rollback",
                "{\"keep_messages\": 2, \"expected_seq\": 2}");
        answers("POST", "/v1/sessions/s/resize", session + "/resize", "{\"max_seq_len\": 900}");
        answers("POST", "/v1/sessions/s/resize/next_pow2", session + "/resize/next_pow2", "{\"strategy\": \"gpu\"}");
        answers("POST", "/v1/sessions/s/fork", session + "/fork", "{\"session_id\": \"t\"}");
        answers("POST", "/v1/sessions/s/save", session + "/save", "{\"title\": \"T\", \"tags\": [\"a\"]}");
        answers("POST", "/v1/sessions/s/fork", session + "/fork", "{\"session_id\": null}");
        answers("POST", "/v1/sessions/s/resize", session + "/resize", "{\"max_seq_len\": 900, \"strategy\": null}");
        answers("GET", "/v1/snapshots", "/v1/snapshots", null);
        String id = get("/v1/snapshots").json().at("/snapshots/0/snapshot_id").asText();
        answers("GET", "/v1/snapshots/" + id, "/v1/snapshots/{snapshot}", null);
        answers("PATCH", "/v1/snapshots/" + id, "/v1/snapshots/{snapshot}", "{\"title\": null}");
        answers("POST", "/v1/snapshots/" + id + "/load", "/v1/snapshots/{snapshot}/load", "{\"session_id\": \"u\"}");
        String nulls = "{\"session_id\": null, \"force\": null}";
        answers("POST", "/v1/snapshots/" + id + "/load", "/v1/snapshots/{snapshot}/load", nulls);
        answers("DELETE", "/v1/snapshots/" + id, "/v1/snapshots/{snapshot}", null);
        answers("DELETE", "/v1/sessions/t", "/v1/sessions/{session}", null);
        answers("GET", "/v1/models", "/v1/models", null);
        answers("GET", "/v1/models/digest", "/v1/models/{model}", null);
        answers("GET", "/v1/pools", "/v1/pools", null);
        answers("POST", "/v1/tokenize", "/v1/tokenize", "{\"text\": \"a\", \"model\": null}");
        answers("POST", "/v1/detokenize", "/v1/detokenize", "{\"tokens\": [5]}");
        answers("GET", "/livez", "/livez", null);
        answers("GET", "/readyz", "/readyz", null);
        answers("GET", "/health", "/health", null);
    }

    @Test
    void readingIsToldAsDescribed() {
        post("/v1/sessions", "{\"session_id\": \"s\"}");
        String body = "{\"messages\": [{\"role\": \"user\", \"content\": \"" + "x".repeat(700) + "\"}]}";
        JsonNode responses =
                description.get("paths").get("/v1/sessions/{session}/append").at("/post/responses");
        JsonNode described = resolved(responses.get("200"));
        JsonSchema event = schema(described.at("/content/text~1event-stream/schema"));
        for (boolean again : new boolean[] {false, true}) {
            Answer answer = post("/v1/sessions/s/append", body, "Idempotency-Key", "k", "Accept", "text/event-stream");
            assertThat(answer.header("Content-Type")).startsWith("text/event-stream");
            for (JsonNode each : chunks(answer.response().body())) {
                assertThat(event.validate(each)).as(each.toString()).isEmpty();
            }
            assertThat(answer.header("X-Replayed")).isEqualTo(again ? "true" : "");
        }
        assertThat(described.get("headers").has("X-Replayed")).isTrue();
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
