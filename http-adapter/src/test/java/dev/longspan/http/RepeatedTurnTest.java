package dev.longspan.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A key names one turn: the same is told again, and another one is refused. */
class RepeatedTurnTest extends OnServer {
    private static final String APPEND = "/v1/sessions/s/append";
    private static final String BODY = chat("!say a\n!end");

    @BeforeEach
    void open() {
        assertThat(post("/v1/sessions", "{\"session_id\": \"s\"}").status()).isEqualTo(200);
    }

    private Answer chatted(String body) {
        return post(CHAT, body, "X-Session-Id", "s", "Idempotency-Key", "k");
    }

    private Answer appended() {
        return post(APPEND, BODY, "Idempotency-Key", "k");
    }

    private int messages() {
        return get("/v1/sessions/s").json().get("message_count").asInt();
    }

    private static void isAnother(Answer answer) {
        assertThat(answer.status()).isEqualTo(409);
        assertThat(answer.code()).isEqualTo("idempotency_mismatch");
        assertThat(answer.header("X-Replayed")).isEmpty();
    }

    @Test
    void anAnswerIsNotWhatWasOnlyToBeRead() {
        assertThat(chatted(BODY).status()).isEqualTo(200);
        isAnother(appended());
        assertThat(messages()).isEqualTo(2);
    }

    @Test
    void whatWasOnlyReadIsNoAnswer() {
        assertThat(appended().status()).isEqualTo(200);
        isAnother(chatted(BODY));
        assertThat(appended().header("X-Replayed")).isEqualTo("true");
        assertThat(messages()).isEqualTo(1);
    }

    @Test
    void aTurnIsTheSameWhereverItsSessionIsNamed() {
        String named = chat("!say a\n!end", "\"session_id\": \"s\"");
        Answer first = chatted(BODY);
        for (Answer again : new Answer[] {chatted(named), post(CHAT, named, "Idempotency-Key", "k")}) {
            assertThat(again.status()).isEqualTo(200);
            assertThat(again.header("X-Replayed")).isEqualTo("true");
            assertThat(again.json().get("choices")).isEqualTo(first.json().get("choices"));
        }
        assertThat(messages()).isEqualTo(2);
    }
}
