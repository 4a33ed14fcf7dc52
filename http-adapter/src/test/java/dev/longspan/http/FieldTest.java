package dev.longspan.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every field of a chat completion: values that are taken, and values that are refused by the field's name. */
class FieldTest extends OnServer {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "model | 'digest'",
                "max_tokens | 5",
                "max_completion_tokens | 5",
                "temperature | 0",
                "temperature | 2.5",
                "temperature | 10",
                "top_p | 1",
                "top_p | 0.1",
                "top_k | 1",
                "min_p | 0.5",
                "min_p | 0",
                "stop | null",
                "stop | 'x'",
                "stop | ['x', 'y']",
                "stream | false",
                "stream_options | null",
                "stream_options | {'flush_every_n_tokens': 1, 'flush_every_ms': 1}",
                "tools | []",
                "tool_choice | 'auto'",
                "tool_choice | 'none'",
                "parallel_tool_calls | true",
                "parallel_tool_calls | false",
                "response_format | {'type': 'text'}",
                "frequency_penalty | -2",
                "presence_penalty | 2",
                "repetition_penalty | 1.1",
                "n | 1",
                "best_of | 1",
                "logprobs | false",
                "top_logprobs | null",
                "logit_bias | {'5': -100, '6': 100}",
                "seed | -7",
                "user | 'somebody'",
                "safety_identifier | 'somebody'",
                "lora_adapter | null",
                "routing_key | 'a'",
                "prompt_cache_key | 'a'",
                "reasoning_budget | 3",
                "discard_thinking | true",
                "stream_thinking | false",
                "chat_template_kwargs | {'colour': 'red', 'list': [1, 2.5, null, {'a': true}]}",
                "repetition_detection | {'enabled': false}",
                "extra | {'repetition_detection': {'min_repeats': 4}}",
                "store | false",
                "metadata | {}",
                "service_tier | 'auto'",
                "top_p | 0.99999999999999999999",
                "temperature | 9.99999999999999999999",
                "min_p | 1e-20",
                "modalities | ['text']",
                "reasoning_effort | null",
                "functions | []"
            })
    void theseAreTaken(String field, String value) {
        Answer answer = post(CHAT, chat("!say ok\n!end", member(field, value)));
        assertThat(answer.status()).as(answer.response().body()).isEqualTo(200);
    }

    private static String member(String field, String value) {
        return "\"" + field + "\": " + value.replace('\'', '"');
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "model | 5 | model | invalid_type",
                "max_tokens | 0 | max_tokens | invalid_value",
                "max_tokens | 5.0 | max_tokens | invalid_type",
                "max_tokens | '5' | max_tokens | invalid_type",
                "max_tokens | true | max_tokens | invalid_type",
                "max_tokens | 99999999999 | max_tokens | invalid_value",
                "max_tokens | 99999999999999999999999999 | max_tokens | invalid_value",
                "max_completion_tokens | -1 | max_completion_tokens | invalid_value",
                "temperature | -0.1 | temperature | invalid_value",
                "temperature | 10.1 | temperature | invalid_value",
                "temperature | 1e999 | temperature | invalid_value",
                "temperature | 1e-400 | temperature | invalid_value",
                "temperature | -1e-400 | temperature | invalid_value",
                "temperature | 10.00000000000000000001 | temperature | invalid_value",
                "top_p | 1.00000000000000000001 | top_p | invalid_value",
                "min_p | -1e-20 | min_p | invalid_value",
                "presence_penalty | -2.00000000000000000001 | presence_penalty | invalid_value",
                "chat_template_kwargs | {'a': [1e400]} | chat_template_kwargs.a[0] | invalid_value",
                "chat_template_kwargs | {'a': {'b': 1e-400}} | chat_template_kwargs.a.b | invalid_value",
                "chat_template_kwargs | {'a': ['\\ud800']} | chat_template_kwargs.a[0] | invalid_value",
                "temperature | 'hot' | temperature | invalid_type",
                "top_p | 0 | top_p | invalid_value",
                "top_p | 1.01 | top_p | invalid_value",
                "top_p | [] | top_p | invalid_type",
                "top_k | 0 | top_k | invalid_value",
                "top_k | 1.5 | top_k | invalid_type",
                "min_p | 1.1 | min_p | invalid_value",
                "stop | 5 | stop | invalid_type",
                "stop | ['a', 5] | stop[1] | invalid_type",
                "stop | ['a', ''] | stop[1] | invalid_value",
                "stop | '' | stop | invalid_value",
                "stream | 'false' | stream | invalid_type",
                "stream | 0 | stream | invalid_type",
                "stream_options | [] | stream_options | invalid_type",
                "stream_options | {'include_usage': 1} | stream_options.include_usage | invalid_type",
                "stream_options | {'include_usage': true} | stream_options | invalid_value",
                "stream_options | {'flush_every_n_tokens': 0} | stream_options.flush_every_n_tokens | invalid_value",
                "stream_options | {'flush_every_ms': 0} | stream_options.flush_every_ms | invalid_value",
                "stream_options | {'nothing': 0} | stream_options.nothing | unsupported_field",
                "tools | {} | tools | invalid_type",
                "tools | [5] | tools[0] | invalid_type",
                "tools | [{'type': 'browser'}] | tools[0].type | unsupported_field",
                "tools | [{'type': 'function', 'function': {'name': 'a b'}}] | tools[0].function.name | invalid_value",
                "tools | [{'type': 'function', 'function': {'name': 'a', 'parameters': []}}] | tools[0].function.parameters | invalid_type",
                "tools | [{'type': 'function', 'function': {'name': 'a', 'x': 1}}] | tools[0].function.x | unsupported_field",
                "tool_choice | 'maybe' | tool_choice | invalid_value",
                "tool_choice | 'required' | tool_choice | invalid_value",
                "tool_choice | 5 | tool_choice | invalid_type",
                "tool_choice | {'type': 'function', 'function': {'name': 'a'}} | tool_choice.function.name | invalid_value",
                "parallel_tool_calls | 1 | parallel_tool_calls | invalid_type",
                "response_format | 'text' | response_format | invalid_type",
                "response_format | {'type': 'xml'} | response_format.type | invalid_value",
                "response_format | {'type': 'json_object'} | response_format.type | unsupported_field",
                "response_format | {'type': 'json_schema'} | response_format.json_schema | missing_field",
                "response_format | {'type': 'json_schema', 'json_schema': {'name': 'a', 'schema': {}}} | response_format.type | unsupported_field",
                "response_format | {'type': 'regex'} | response_format.regex | missing_field",
                "response_format | {'type': 'grammar', 'grammar': 'a'} | response_format.type | unsupported_field",
                "frequency_penalty | 2.1 | frequency_penalty | invalid_value",
                "presence_penalty | -2.1 | presence_penalty | invalid_value",
                "repetition_penalty | 0 | repetition_penalty | invalid_value",
                "n | 0 | n | invalid_value",
                "n | 129 | n | invalid_value",
                "n | 2 | n | unsupported_field",
                "best_of | 2 | best_of | unsupported_field",
                "logprobs | true | logprobs | unsupported_field",
                "top_logprobs | 3 | top_logprobs | invalid_value",
                "top_logprobs | 21 | top_logprobs | invalid_value",
                "logit_bias | {'x': 1} | logit_bias | invalid_value",
                "logit_bias | {'5': 101} | logit_bias.5 | invalid_value",
                "logit_bias | {'99999': 1} | logit_bias | invalid_value",
                "logit_bias | {'05': 1} | logit_bias | invalid_value",
                "logit_bias | [] | logit_bias | invalid_type",
                "seed | 1.5 | seed | invalid_type",
                "user | 5 | user | invalid_type",
                "safety_identifier | 5 | safety_identifier | invalid_type",
                "lora_adapter | 'a' | lora_adapter | unknown_lora_adapter",
                "routing_key | 5 | routing_key | invalid_type",
                "prompt_cache_key | 5 | prompt_cache_key | invalid_type",
                "session_id | 5 | session_id | invalid_type",
                "expected_seq | 5 | expected_seq | invalid_value",
                "reasoning_budget | 0 | reasoning_budget | invalid_value",
                "discard_thinking | 'no' | discard_thinking | invalid_type",
                "stream_thinking | 1 | stream_thinking | invalid_type",
                "chat_template_kwargs | [] | chat_template_kwargs | invalid_type",
                "chat_template_kwargs | {'enable_thinking': 'no'} | chat_template_kwargs.enable_thinking | invalid_type",
                "repetition_detection | 5 | repetition_detection | invalid_type",
                "repetition_detection | {'tail_len': 0} | repetition_detection.tail_len | invalid_value",
                "repetition_detection | {'tail_len': '64'} | repetition_detection.tail_len | invalid_type",
                "extra | {'repetition_detection': {'max_period': 0}} | extra.repetition_detection.max_period | invalid_value",
                "repetition_detection | {'what': 1} | repetition_detection.what | unsupported_field",
                "extra | {'repetition_detection': {'what': 1}} | extra.repetition_detection.what | unsupported_field",
                "extra | {'other': 1} | extra.other | unsupported_field",
                "store | true | store | unsupported_field",
                "metadata | {'a': 'b'} | metadata | unsupported_field",
                "service_tier | 'flex' | service_tier | unsupported_field",
                "modalities | ['audio'] | modalities | unsupported_field",
                "reasoning_effort | 'low' | reasoning_effort | unsupported_field",
                "functions | [{}] | functions | unsupported_field",
                "frobnicate | null | frobnicate | unsupported_field"
            })
    void theseAreRefusedByName(String field, String value, String param, String code) {
        Answer answer = post(CHAT, chat("hi", member(field, value)));
        assertThat(answer.status()).as(answer.response().body()).isEqualTo(400);
        assertThat(answer.param()).as(answer.response().body()).isEqualTo(param);
        assertThat(answer.code()).isEqualTo(code);
        assertThat(answer.json().at("/error/type").asText()).isEqualTo("invalid_request_error");
        assertThat(answer.json().get("detail")).isEqualTo(answer.json().at("/error/message"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "[] | messages | invalid_value",
                "5 | messages | invalid_type",
                "[5] | messages[0] | invalid_type",
                "[{'content': 'x'}] | messages[0].role | missing_field",
                "[{'role': 'robot', 'content': 'x'}] | messages[0].role | invalid_value",
                "[{'role': 'user'}] | messages[0].content | missing_field",
                "[{'role': 'user', 'content': 5}] | messages[0].content | invalid_type",
                "[{'role': 'user', 'content': {}}] | messages[0].content | invalid_type",
                "[{'role': 'user', 'content': 'x', 'colour': 1}] | messages[0].colour | unsupported_field",
                "[{'role': 'user', 'content': '\\ud800'}] | messages[0].content | invalid_value",
                "[{'role': 'user', 'content': [{'type': 'image_url', 'image_url': {}}]}] | messages[0].content[0].type | unsupported_field",
                "[{'role': 'user', 'content': [{'type': 'text'}]}] | messages[0].content[0].text | missing_field",
                "[{'role': 'user', 'content': [5]}] | messages[0].content[0] | invalid_type",
                "[{'role': 'user', 'content': 'x'}, {'role': 'assistant'}] | messages[1].content | missing_field",
                "[{'role': 'user', 'content': 'x'}, {'role': 'assistant', 'content': 'y', 'refusal': 'no'}] | messages[1].refusal | unsupported_field",
                "[{'role': 'user', 'content': 'x'}, {'role': 'assistant', 'tool_calls': [{'function': {}}]}] | messages[1].tool_calls[0].function.name | missing_field",
                "[{'role': 'user', 'content': 'x'}, {'role': 'assistant', 'tool_calls': [{'function': {'name': 'a', 'arguments': 5}}]}] | messages[1].tool_calls[0].function.arguments | invalid_type",
                "[{'role': 'user', 'content': 'x'}, {'role': 'assistant', 'tool_calls': [{'function': {'name': 'a', 'arguments': {'b': '\\ud800'}}}]}] | messages[1].tool_calls[0].function.arguments | invalid_value"
            })
    void messagesAreRefusedByTheirPath(String messages, String param, String code) {
        Answer answer = post(CHAT, "{\"messages\": " + messages.replace('\'', '"') + "}");
        assertThat(answer.status()).as(answer.response().body()).isEqualTo(400);
        assertThat(answer.param()).as(answer.response().body()).isEqualTo(param);
        assertThat(answer.code()).isEqualTo(code);
    }

    private String said(String script, String... members) {
        return post(CHAT, chat(script, members)).json().at("/choices/0").toString();
    }

    @Test
    void whatIsTakenChangesTheAnswer() {
        String script = "!think 20\n!say one two three four\n!end";
        String plain = said(script);
        assertThat(said(script, "\"max_tokens\": 3")).isNotEqualTo(plain);
        assertThat(said(script, "\"max_tokens\": 100", "\"max_completion_tokens\": 3"))
                .isEqualTo(said(script, "\"max_tokens\": 3"));
        assertThat(said(script, "\"stop\": \"two\"")).contains("\"one \"");
        assertThat(said(script, "\"reasoning_budget\": 2")).isNotEqualTo(plain);
        assertThat(said(script, "\"stream_thinking\": false")).doesNotContain("reasoning_content");
        assertThat(said(script, "\"logit_bias\": {\"120\": 100}", "\"max_tokens\": 3"))
                .contains("xxx");
        String free = "anything at all";
        String cold = said(free, "\"max_tokens\": 30");
        assertThat(said(free, "\"max_tokens\": 30", "\"temperature\": 10", "\"seed\": 1"))
                .isNotEqualTo(cold);
        assertThat(said(free, "\"max_tokens\": 30", "\"temperature\": 10", "\"seed\": 1"))
                .isEqualTo(said(free, "\"max_tokens\": 30", "\"temperature\": 10", "\"seed\": 1"));
        assertThat(said(free, "\"max_tokens\": 30", "\"temperature\": 10", "\"seed\": 1", "\"top_k\": 1"))
                .isEqualTo(cold);
        assertThat(said(free, "\"max_tokens\": 30", "\"temperature\": 10", "\"seed\": 1", "\"top_p\": 0.0001"))
                .isEqualTo(cold);
        assertThat(said(free, "\"max_tokens\": 30", "\"temperature\": 10", "\"seed\": 1", "\"min_p\": 1"))
                .isEqualTo(cold);
        String three = "\"max_tokens\": 30";
        assertThat(said(free, three, "\"frequency_penalty\": 2")).isNotEqualTo(cold);
        assertThat(said(free, three, "\"presence_penalty\": 2")).isNotEqualTo(cold);
        assertThat(said(free, three, "\"repetition_penalty\": 2")).isNotEqualTo(cold);
        String tools = "\"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"look\"}}]";
        String twice = "!call look\n!call look\n!end";
        assertThat(said(twice, tools)).contains("\"tool_calls\"");
        assertThat(said(twice, tools, "\"tool_choice\": \"none\"")).doesNotContain("\"tool_calls\"");
        assertThat(said(script, tools, "\"tool_choice\": \"required\"")).isNotEqualTo(plain);
        String loop = "!loop";
        assertThat(said(loop, "\"max_tokens\": 1000")).contains("\"repetition\"");
        assertThat(said(loop, "\"max_tokens\": 1000", "\"repetition_detection\": {\"enabled\": false}"))
                .contains("\"length\"");
        assertThat(said(
                        loop,
                        "\"max_tokens\": 1000",
                        "\"repetition_detection\": {\"enabled\": true}",
                        "\"extra\": {\"repetition_detection\": {\"enabled\": false}}"))
                .contains("\"length\"");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "{'regex': 5} | grammar.regex | invalid_type",
                "{'json_schema': 'x'} | grammar.json_schema | invalid_type",
                "{'ebnf': true} | grammar.ebnf | invalid_type",
                "{'regex': 'a', 'ebnf': 'b'} | grammar | invalid_value",
                "{} | grammar | invalid_value",
                "{'regex': 'a+'} | grammar | unsupported_field",
                "7 | grammar | invalid_type"
            })
    void grammarsAreCheckedBeforeTheyAreRefused(String grammar, String param, String code) {
        Answer answer = post(
                "/v1/generate/digest",
                "{\"prompt\": \"x\", \"max_new_tokens\": 1, \"grammar\": " + grammar.replace('\'', '"') + "}");
        assertThat(answer.status()).as(answer.response().body()).isEqualTo(400);
        assertThat(answer.param()).as(answer.response().body()).isEqualTo(param);
        assertThat(answer.code()).isEqualTo(code);
    }

    @Test
    void aPromptThatIsTooLongIsNamed() {
        Answer answer =
                post("/v1/generate/digest", "{\"prompt\": \"" + "x".repeat(5000) + "\", \"max_new_tokens\": 1}");
        assertThat(answer.code()).isEqualTo("context_length_exceeded");
        assertThat(answer.param()).isEqualTo("prompt");
        assertThat(answer.json().at("/error/message").asText()).startsWith("prompt: expected a prompt of at most ");
    }

    @Test
    void whatASessionCannotDoIsSaidInTheWordsOfTheRequest() {
        post("/v1/sessions", "{\"session_id\": \"s\"}");
        Answer empty = post("/v1/sessions/s/save", "{}");
        assertThat(empty.status()).isEqualTo(400);
        assertThat(empty.param()).isEqualTo("session_id");
        Answer small = post("/v1/sessions/s/resize", "{\"max_seq_len\": 1}");
        assertThat(small.json().at("/error/message").asText())
                .isEqualTo("max_seq_len: expected 2 to 4000, the server's limit, found 1");
        post(CHAT, chat("!say a\n!end", "\"session_id\": \"s\""));
        assertThat(post("/v1/sessions/s/resize", "{\"max_seq_len\": 2}")
                        .json()
                        .at("/error/message")
                        .asText())
                .contains(", which the session holds, to 4000, the server's limit, found 2");
    }

    @Test
    void theOrderOfPartsIsKept() {
        Answer answer = post(
                CHAT,
                "{\"messages\": [{\"role\": \"developer\", \"content\": \"be brief\"}, {\"role\": \"user\", \"content\": "
                        + "[{\"type\": \"text\", \"text\": \"!say a\"}, {\"type\": \"input_text\", \"text\": \"b\\n!end\"}]}]}");
        assertThat(answer.json().at("/choices/0/message/content").asText()).isEqualTo("ab");
    }

    @Test
    void thereAreLimits() {
        String many = "{\"role\": \"user\", \"content\": \"x\"}"
                + ", {\"role\": \"user\", \"content\": \"x\"}".repeat(100_000);
        assertThat(post(CHAT, "{\"messages\": [" + many + "]}").param()).isEqualTo("messages");
        StringBuilder tools = new StringBuilder();
        for (int i = 0; i < 65; i++) {
            tools.append(i == 0 ? "" : ", ")
                    .append("{\"type\": \"function\", \"function\": {\"name\": \"t")
                    .append(i)
                    .append("\"}}");
        }
        assertThat(post(CHAT, chat("x", "\"tools\": [" + tools + "]")).param()).isEqualTo("tools");
        String deep = "{\"a\": ".repeat(20) + "{}" + "}".repeat(20);
        String tool =
                "\"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"a\", \"parameters\": " + deep + "}}]";
        assertThat(post(CHAT, chat("x", tool)).param()).isEqualTo("tools[0].function.parameters");
        List<String> stops = java.util.stream.IntStream.range(0, 17)
                .mapToObj(i -> "\"s" + i + "\"")
                .toList();
        assertThat(post(CHAT, chat("x", "\"stop\": " + stops)).param()).isEqualTo("stop");
        String schema =
                "\"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"a\", \"strict\": true, \"parameters\": "
                        + "{\"$schema\": \"x\", \"type\": \"object\", \"properties\": {\"n\": {\"anyOf\": [{\"type\": \"integer\", "
                        + "\"minimum\": -9007199254740991, \"maximum\": 9007199254740991}, {\"type\": \"null\"}]}}}}}]";
        assertThat(post(CHAT, chat("!say ok\n!end", schema)).status()).isEqualTo(200);
    }
}
