package dev.longspan.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.ChatEngineBuilder;
import dev.longspan.tck.TemplateKind;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** What fields change that shows in tokens, in chunks or in later requests, and not in the text of the answer. */
class FieldEffectTest extends OnServer {
    private static final String SAY = "!say one two three four\n!end";

    @Override
    TemplateKind template() {
        return TemplateKind.THINK_OPENING;
    }

    @Override
    ChatEngineBuilder engineBuilder() {
        return super.engineBuilder().prefixCacheBytes(60_000);
    }

    private int prompt(Answer answer) {
        assertThat(answer.status()).as(answer.response().body()).isEqualTo(200);
        return answer.json().at("/usage/prompt_tokens").asInt();
    }

    private int cached(Answer answer) {
        assertThat(answer.status()).as(answer.response().body()).isEqualTo(200);
        return answer.json().at("/usage/prompt_tokens_details/cached_tokens").asInt();
    }

    @Test
    void argumentsGoToTheTemplate() {
        int thinking = prompt(post(CHAT, chat(SAY)));
        assertThat(prompt(post(CHAT, chat(SAY, "\"chat_template_kwargs\": {\"enable_thinking\": true}"))))
                .isEqualTo(thinking);
        assertThat(prompt(post(CHAT, chat(SAY, "\"chat_template_kwargs\": {\"enable_thinking\": false}"))))
                .as("the end of thinking is one token")
                .isEqualTo(thinking + 1);
    }

    @Test
    void thinkingIsDiscardedOrNot() {
        int[] prompts = new int[2];
        for (boolean discarded : new boolean[] {true, false}) {
            String members = "\"session_id\": \"" + discarded + "\", \"discard_thinking\": " + discarded;
            post("/v1/sessions", "{\"session_id\": \"" + discarded + "\"}");
            prompt(post(CHAT, chat("!think 50\n!say two\n!end", members)));
            prompts[discarded ? 0 : 1] = prompt(post(CHAT, chat(SAY, members)));
        }
        assertThat(prompts[1]).isGreaterThan(prompts[0] + 40);
    }

    @Test
    void aKeyKeepsAPrefix() {
        String pinned = "p".repeat(200) + "\n!end";
        String plain = "q".repeat(200) + "\n!end";
        post(CHAT, chat(pinned, "\"prompt_cache_key\": \"mine\""));
        post(CHAT, chat(plain));
        for (int i = 0; i < 30; i++) {
            post(CHAT, chat(i + "y".repeat(200) + "\n!end"));
        }
        assertThat(cached(post(CHAT, chat(pinned)))).isPositive();
        assertThat(cached(post(CHAT, chat(plain)))).as("long gone").isLessThan(100);
    }

    @Test
    void textIsGatheredForSoManyTokens() {
        String never = "\"stream\": true, \"stream_options\": {\"flush_every_ms\": 60000, \"flush_every_n_tokens\": ";
        assertThat(texts(post(CHAT, chat(SAY, never + "1000}")).response().body()))
                .as("the first piece goes out at once")
                .isEqualTo(2);
        assertThat(texts(post(CHAT, chat(SAY, never + "4}")).response().body())).isBetween(3L, 8L);
        assertThat(texts(post(CHAT, chat(SAY, never + "1}")).response().body()))
                .isEqualTo("one two three four".length());
    }

    @Test
    void textIsGatheredForSoLong() throws Exception {
        assertThat(textsOfSlowTokens(60_000)).isEqualTo(2);
        assertThat(textsOfSlowTokens(1)).isGreaterThan(4);
    }

    private static long texts(String body) {
        return chunks(body).stream()
                .filter(chunk -> !chunk.path("choices")
                        .path(0)
                        .path("delta")
                        .path("content")
                        .asText("")
                        .isEmpty())
                .count();
    }

    /** Steps are let go one after the other, with more than a millisecond between them. */
    private long textsOfSlowTokens(int millis) throws Exception {
        backend.gate().hold();
        String options = "\"stream_options\": {\"flush_every_ms\": " + millis + ", \"flush_every_n_tokens\": 1000}";
        HttpResponse<InputStream> response = client.send(
                post(uri(CHAT), chat(SAY, "\"stream\": true", options)).build(),
                HttpResponse.BodyHandlers.ofInputStream());
        for (int i = 0; i < 20; i++) {
            backend.gate().awaitWaiting(LIMIT);
            Thread.sleep(5);
            long arrivals = backend.gate().arrivals();
            backend.gate().step();
            while (backend.gate().arrivals() == arrivals) {
                Thread.onSpinWait();
            }
        }
        backend.gate().release();
        return texts(new String(response.body().readAllBytes(), StandardCharsets.UTF_8));
    }
}
