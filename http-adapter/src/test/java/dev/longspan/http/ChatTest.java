package dev.longspan.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Chat completions without a session. */
class ChatTest extends OnServer {
    private static final String TOOLS = "\"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"look\", "
            + "\"description\": \"looks\", \"parameters\": {\"type\": \"object\", \"properties\": {\"q\": {\"type\": \"string\"}}}}}]";

    @Test
    void anAnswerHasAllThatClientsRead() {
        Answer answer = post(CHAT, chat("!say hello\n!end", "\"model\": \"digest\""));
        assertThat(answer.status()).isEqualTo(200);
        JsonNode json = answer.json();
        assertThat(json.get("id").asText()).matches("chatcmpl-[0-9a-f]{32}");
        assertThat(json.get("object").asText()).isEqualTo("chat.completion");
        assertThat(json.get("created").asLong()).isPositive();
        assertThat(json.get("model").asText()).isEqualTo("digest");
        assertThat(json.get("system_fingerprint").asText()).startsWith("fp_");
        assertThat(json.at("/choices/0/index").asInt()).isZero();
        assertThat(json.at("/choices/0/message/role").asText()).isEqualTo("assistant");
        assertThat(json.at("/choices/0/message/content").asText()).isEqualTo("hello");
        assertThat(json.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
        assertThat(json.at("/choices/0/logprobs").isNull()).isTrue();
        JsonNode usage = json.get("usage");
        assertThat(usage.get("completion_tokens").asInt()).isEqualTo(6);
        assertThat(usage.get("total_tokens").asInt())
                .isEqualTo(usage.get("prompt_tokens").asInt() + 6);
        assertThat(usage.at("/prompt_tokens_details/cached_tokens").isInt()).isTrue();
        assertThat(usage.at("/completion_tokens_details/reasoning_tokens").asInt())
                .isZero();
        assertThat(answer.header("X-Request-Id")).matches("[0-9a-f]{32}");
        assertThat(answer.header("traceparent")).matches("00-[0-9a-f]{32}-[0-9a-f]{16}-00");
    }

    @Test
    void anAnswerCanBeSentBackAsClientsGatherIt() {
        String asked = "{\"role\": \"user\", \"content\": \"!end\"}";
        for (String more : List.of(
                "\"content\": \"a\", \"thinking\": \"x\", \"reasoning_content\": \"x\", \"parsed\": null",
                "\"content\": \"a\", \"reasoning_content\": \"\", \"reasoning\": \"x\", \"refusal\": null, \"annotations\": []",
                "\"content\": \"{}\", \"parsed\": {\"a\": 1}, \"audio\": null, \"function_call\": null",
                "\"content\": null, \"tool_calls\": [{\"index\": 0, \"id\": \"c\", \"type\": \"function\", \"function\": "
                        + "{\"name\": \"f\", \"arguments\": \"{}\", \"parsed_arguments\": {}}}]",
                "\"tool_calls\": [{\"id\": \"c\", \"type\": \"function\", \"function\": {\"name\": \"f\", \"arguments\": \" \"}}]")) {
            String body = "{\"messages\": [" + asked + ", {\"role\": \"assistant\", " + more + "}, " + asked + "]}";
            Answer answer = post(CHAT, body);
            assertThat(answer.status()).as(answer.response().body()).isEqualTo(200);
        }
    }

    @Test
    void aStreamSaysTheSameInPieces() {
        String script = "!think 9\n!say one two three\n!end";
        JsonNode whole = post(CHAT, chat(script)).json();
        Answer streamed = post(CHAT, chat(script, "\"stream\": true", "\"stream_options\": {\"include_usage\": true}"));
        assertThat(streamed.header("Content-Type")).isEqualTo("text/event-stream; charset=utf-8");
        List<JsonNode> chunks = chunks(streamed.response().body());
        assertThat(chunks.get(0).at("/choices/0/delta/role").asText()).isEqualTo("assistant");
        assertThat(joined(chunks, "content"))
                .isEqualTo(whole.at("/choices/0/message/content").asText());
        String thinking = whole.at("/choices/0/message/reasoning_content").asText();
        assertThat(thinking).isNotEmpty();
        assertThat(joined(chunks, "thinking")).isEqualTo(thinking);
        assertThat(joined(chunks, "reasoning_content")).isEqualTo(thinking);
        JsonNode last = chunks.get(chunks.size() - 2);
        assertThat(last.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
        assertThat(last.at("/choices/0/delta").isEmpty()).isTrue();
        for (String field : List.of("prefill_s", "decode_s", "total_s", "tok_per_s")) {
            assertThat(last.get("x_superlinear_timing").get(field).isNumber())
                    .as(field)
                    .isTrue();
        }
        JsonNode usage = chunks.get(chunks.size() - 1);
        assertThat(usage.get("choices").isEmpty()).isTrue();
        assertThat(usage.get("usage")).isEqualTo(whole.get("usage"));
        assertThat(streamed.response().body()).endsWith("data: [DONE]\n\n");
        assertThat(chunks.stream().map(chunk -> chunk.get("id").asText()).distinct())
                .hasSize(1);
    }

    @Test
    void aFullLoopOfToolsGoesThrough() {
        JsonNode asked = post(CHAT, chat("!call look\n!end", TOOLS)).json();
        JsonNode choice = asked.at("/choices/0");
        assertThat(choice.get("finish_reason").asText()).isEqualTo("tool_calls");
        JsonNode call = choice.at("/message/tool_calls/0");
        assertThat(call.get("type").asText()).isEqualTo("function");
        assertThat(call.at("/function/name").asText()).isEqualTo("look");
        assertThat(parse(call.at("/function/arguments").asText()).isObject()).isTrue();

        List<JsonNode> chunks = chunks(post(CHAT, chat("!call look\n!end", TOOLS, "\"stream\": true"))
                .response()
                .body());
        JsonNode streamed = chunks.stream()
                .map(chunk -> chunk.at("/choices/0/delta/tool_calls/0"))
                .filter(JsonNode::isObject)
                .findFirst()
                .orElseThrow();
        assertThat(streamed.get("index").asInt()).isZero();
        assertThat(streamed.get("function")).isEqualTo(call.get("function"));

        // the message goes back whole, with what clients add to it
        String back = "{\"messages\": [{\"role\": \"user\", \"content\": \"!call look\\n!end\"}, "
                + "{\"role\": \"assistant\", \"content\": null, \"refusal\": null, \"annotations\": [], \"audio\": null, "
                + "\"tool_calls\": [" + call + "]}, {\"role\": \"tool\", \"tool_call_id\": " + call.get("id")
                + ", \"content\": \"found\"}, {\"role\": \"user\", \"content\": \"!say done\\n!end\"}], " + TOOLS + "}";
        assertThat(post(CHAT, back).json().at("/choices/0/message/content").asText())
                .isEqualTo("done");
    }

    @Test
    void callsAreTextWhereNoToolsWereOffered() {
        JsonNode choice = post(CHAT, chat("!call look\n!end")).json().at("/choices/0");
        assertThat(choice.get("finish_reason").asText()).isEqualTo("stop");
        assertThat(choice.at("/message/tool_calls").isMissingNode()).isTrue();
        assertThat(choice.at("/message/content").asText()).contains("<tool_call>");
    }

    @Test
    void aCallThatIsCutByTheLimitIsText() {
        JsonNode choice = post(CHAT, chat("!call look\n!end", TOOLS, "\"max_tokens\": 20"))
                .json()
                .at("/choices/0");
        assertThat(choice.get("finish_reason").asText()).isEqualTo("length");
        assertThat(choice.at("/message/content").asText()).contains("<tool_call>");
    }

    @Test
    void anAnswerThatFailsIsAnErrorAndNothingElse() {
        assertThat(post(CHAT, chat("!fail")).status()).isEqualTo(500);
        Answer streamed = post(CHAT, chat("!say some text\n!fail", "\"stream\": true"));
        assertThat(streamed.status()).isEqualTo(200);
        List<String> events = events(streamed.response().body());
        JsonNode last = parse(events.get(events.size() - 1));
        assertThat(last.at("/error/type").asText()).isEqualTo("server_error");
        assertThat(last.at("/error/message").asText()).doesNotContain("dev.longspan", "/");
        assertThat(last.at("/choices/0/finish_reason").isNull()).isTrue();
        assertThat(events).doesNotContain("[DONE]");
    }

    @Test
    void aLoopEndsWithItsReason() {
        assertThat(post(CHAT, chat("!loop"))
                        .json()
                        .at("/choices/0/finish_reason")
                        .asText())
                .isEqualTo("repetition");
    }

    @Test
    void whatIsTooLongIsRefusedWithBothNumbers() {
        Answer answer = post(CHAT, chat("x".repeat(5000)));
        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.code()).isEqualTo("context_length_exceeded");
        assertThat(answer.json().at("/error/message").asText()).contains("4000").containsPattern("50[0-9][0-9]");
    }

    @Test
    void progressIsToldWhereItIsAskedFor() {
        List<JsonNode> chunks = chunks(post(
                        CHAT,
                        chat(
                                "y".repeat(600) + "\n!say ok\n!end",
                                "\"stream\": true",
                                "\"stream_options\": {\"include_progress\": true}"))
                .response()
                .body());
        List<JsonNode> progress = chunks.stream()
                .map(chunk -> chunk.path("prompt_progress"))
                .filter(JsonNode::isObject)
                .toList();
        assertThat(progress).isNotEmpty();
        JsonNode last = progress.get(progress.size() - 1);
        assertThat(last.get("processed").asInt())
                .isEqualTo(last.get("total").asInt())
                .isGreaterThan(600);
        assertThat(last.get("cache").isInt()).isTrue();
        assertThat(last.get("time_ms").isNumber()).isTrue();
    }

    @Test
    void textGoesOnWithoutATemplate() {
        String body =
                "{\"prompt\": \"!say abc\\n!end\\n\", \"max_new_tokens\": 8, \"temperature\": 1.0, \"top_p\": 1.0}";
        JsonNode json = post("/v1/generate/digest", body).json();
        assertThat(json.get("model").asText()).isEqualTo("digest");
        assertThat(json.get("finish_reason").asText()).isIn("stop", "length");
        assertThat(json.get("usage").get("prompt_tokens").asInt()).isEqualTo(14);
        assertThat(json.get("attempt_id").asText()).isNotEmpty();
        assertThat(json.get("ttft_ms").isNumber()).isTrue();
        assertThat(json.get("tpot_ms").isNumber()).isTrue();
        Answer streamed = post("/v1/generate/digest", body.replace("}", ", \"stream\": true, \"seed\": 1}"));
        List<JsonNode> chunks = chunks(streamed.response().body());
        for (int i = 0; i < chunks.size(); i++) {
            assertThat(chunks.get(i).get("seq").asInt()).isEqualTo(i);
            assertThat(chunks.get(i).get("done").asBoolean()).isEqualTo(i == chunks.size() - 1);
        }
        assertThat(chunks.get(chunks.size() - 1).get("usage").isObject()).isTrue();
        assertThat(streamed.response().body()).endsWith("data: [DONE]\n\n");
        assertThat(post("/v1/generate/other", body).status()).isEqualTo(404);
        assertThat(post("/v1/generate/digest", "{\"prompt\": \"x\"}").param()).isEqualTo("max_new_tokens");
    }

    @Test
    void tokensComeAndGo() {
        JsonNode tokens = post("/v1/tokenize", "{\"text\": \"hello\"}").json();
        assertThat(tokens.get("count").asInt()).isEqualTo(5);
        JsonNode text = post("/v1/detokenize", "{\"tokens\": " + tokens.get("tokens") + "}")
                .json();
        assertThat(text.get("text").asText()).isEqualTo("hello");
        Answer wrong = post("/v1/detokenize", "{\"tokens\": [1, 99999]}");
        assertThat(wrong.status()).isEqualTo(400);
        assertThat(wrong.param()).isEqualTo("tokens[1]");
    }

    @Test
    void oneCallIsEnoughWhereNoMoreAreWanted() {
        String twice = "!call look\n!call look\n!end";
        assertThat(post(CHAT, chat(twice, TOOLS)).json().at("/choices/0/message/tool_calls"))
                .hasSize(2);
        JsonNode one = post(CHAT, chat(twice, TOOLS, "\"parallel_tool_calls\": false"))
                .json()
                .at("/choices/0");
        assertThat(one.get("finish_reason").asText()).isEqualTo("tool_calls");
        assertThat(one.at("/message/tool_calls")).hasSize(1);
    }

    @Test
    void aModelMayHaveASlash() {
        try (HttpAdapter other = HttpAdapter.builder()
                .engine(engine)
                .modelId("org/small")
                .port(0)
                .start()) {
            for (String id : List.of("org%2Fsmall", "org/small", "org__small")) {
                Answer model = send(
                        java.net.http.HttpRequest.newBuilder(java.net.URI.create(other.address() + "v1/models/" + id)));
                assertThat(model.status()).as(id).isEqualTo(200);
                Answer text = send(post(
                        java.net.URI.create(other.address() + "v1/generate/" + id),
                        "{\"prompt\": \"a\", \"max_new_tokens\": 1}"));
                assertThat(text.status()).as(id).isEqualTo(200);
            }
        }
    }
}
