package dev.longspan.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Turns over the wire: each happens once, whole, or not at all. */
class SessionTurnTest extends OnServer {
    private static final String IN_S = "\"session_id\": \"s\"";

    @BeforeEach
    void open() {
        assertThat(post("/v1/sessions", "{\"session_id\": \"s\"}").status()).isEqualTo(200);
    }

    private JsonNode info() {
        return get("/v1/sessions/s").json();
    }

    private static String say(String text) {
        return "!say " + text + "\n!end";
    }

    private Answer turn(String text, String... headers) {
        return post(CHAT, chat(say(text), IN_S), headers);
    }

    @Test
    void aTurnTellsTheSequence() {
        Answer first = turn("a");
        assertThat(first.header("X-Session-Seq")).isEqualTo("1");
        assertThat(info().get("sequence").asInt()).isEqualTo(1);
        Answer streamed = post(CHAT, chat(say("b"), IN_S, "\"stream\": true"));
        assertThat(streamed.header("X-Session-Seq")).isEqualTo("2");
        List<JsonNode> chunks = chunks(streamed.response().body());
        assertThat(chunks.get(chunks.size() - 1).get("x_session_seq").asInt()).isEqualTo(2);
    }

    @Test
    void theSessionMayStandInAHeader() {
        assertThat(post(CHAT, chat(say("a")), "X-Session-Id", "s").status()).isEqualTo(200);
        assertThat(post(CHAT, chat(say("a"), IN_S), "X-Session-Id", "s").status())
                .isEqualTo(200);
        Answer both = post(CHAT, chat(say("a"), IN_S), "X-Session-Id", "t");
        assertThat(both.param()).isEqualTo("session_id");
        assertThat(info().get("message_count").asInt()).isEqualTo(4);
    }

    @Test
    void anotherSequenceIsRefusedWithTheRightOne() {
        turn("a");
        Answer stale = post(CHAT, chat(say("b"), IN_S, "\"expected_seq\": 0"));
        assertThat(stale.status()).isEqualTo(409);
        assertThat(stale.code()).isEqualTo("sequence_mismatch");
        assertThat(stale.header("x-should-retry")).isEqualTo("false");
        assertThat(stale.header("X-Session-Seq")).isEqualTo("1");
        assertThat(post(CHAT, chat(say("b"), IN_S, "\"expected_seq\": 1")).status())
                .isEqualTo(200);
    }

    @Test
    void aRepeatedTurnIsToldAgainAndNotRunAgain() {
        Answer first = turn("a", "Idempotency-Key", "k1");
        Answer again = turn("a", "Idempotency-Key", "k1");
        assertThat(again.status()).isEqualTo(200);
        assertThat(again.json().get("choices")).isEqualTo(first.json().get("choices"));
        assertThat(again.json().get("usage")).isEqualTo(first.json().get("usage"));
        assertThat(again.header("X-Session-Seq")).isEqualTo("1");
        Answer streamed = post(CHAT, chat(say("a"), IN_S, "\"stream\": true"), "Idempotency-Key", "k1");
        assertThat(joined(chunks(streamed.response().body()), "content")).isEqualTo("a");
        assertThat(info().get("message_count").asInt()).isEqualTo(2);
        Answer other = turn("b", "Idempotency-Key", "k1");
        assertThat(other.code()).isEqualTo("idempotency_mismatch");
        assertThat(turn("b", "Idempotency-Key", "k2").header("X-Session-Seq")).isEqualTo("2");
    }

    @Test
    void aSecondTurnIsRefusedBeforeAnythingChanges() throws Exception {
        backend.gate().hold();
        CompletableFuture<Answer> first = CompletableFuture.supplyAsync(() -> turn("a", "Idempotency-Key", "k"));
        backend.gate().awaitWaiting(LIMIT);
        for (String key : List.of("k", "other")) {
            Answer second = turn("a", "Idempotency-Key", key);
            assertThat(second.status()).isEqualTo(409);
            assertThat(second.code()).isEqualTo("session_busy");
            assertThat(second.header("Retry-After")).isEqualTo("1");
        }
        assertThat(info().get("busy").asBoolean()).isTrue();
        assertThat(info().get("message_count").asInt()).isZero();
        for (String change : List.of("rollback", "append", "resize")) {
            String body = change.equals("append")
                    ? "{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}]}"
                    : "{\"keep_messages\": 0, \"max_seq_len\": 100}"
                            .replace(change.equals("resize") ? "\"keep_messages\": 0, " : ", \"max_seq_len\": 100", "");
            assertThat(post("/v1/sessions/s/" + change, body).status())
                    .as(change)
                    .isEqualTo(409);
        }
        backend.gate().release();
        assertThat(first.get().status()).isEqualTo(200);
        assertThat(info().get("message_count").asInt()).isEqualTo(2);
    }

    @Test
    void ofTwoTurnsAtOnceExactlyOneRuns() throws Exception {
        int races = 1000;
        CyclicBarrier start = new CyclicBarrier(2);
        for (int race = 0; race < races; race++) {
            int sequence = info().get("sequence").asInt();
            if (sequence % 20 == 0) {
                post("/v1/sessions/s/rollback", "{\"keep_messages\": 0}");
            }
            int before = info().get("sequence").asInt();
            int messages = info().get("message_count").asInt();
            backend.gate().hold();
            List<CompletableFuture<Answer>> both = new ArrayList<>();
            for (String text : List.of("one", "two")) {
                both.add(CompletableFuture.supplyAsync(() -> {
                    try {
                        start.await();
                    } catch (Exception e) {
                        throw new IllegalStateException(e);
                    }
                    return turn(text);
                }));
            }
            Answer refused =
                    (Answer) CompletableFuture.anyOf(both.get(0), both.get(1)).get();
            assertThat(refused.code()).isEqualTo("session_busy");
            assertThat(info().get("message_count").asInt()).isEqualTo(messages);
            backend.gate().release();
            List<Integer> statuses =
                    List.of(both.get(0).get().status(), both.get(1).get().status());
            assertThat(statuses).containsExactlyInAnyOrder(200, 409);
            assertThat(info().get("sequence").asInt()).isEqualTo(before + 1);
            assertThat(info().get("message_count").asInt()).isEqualTo(messages + 2);
        }
    }

    @Test
    void aFailedTurnLeavesTheSessionAsItWas() {
        turn("a");
        JsonNode before = get("/v1/sessions/s/history").json();
        assertThat(post(CHAT, chat("!fail", IN_S)).status()).isEqualTo(500);
        assertThat(post(CHAT, chat("x".repeat(5000), IN_S)).code()).isEqualTo("context_length_exceeded");
        assertThat(post(CHAT, chat("x", IN_S, "\"n\": 2")).param()).isEqualTo("n");
        assertThat(get("/v1/sessions/s/history").json()).isEqualTo(before);
        assertThat(info().get("sequence").asInt()).isEqualTo(1);
        assertThat(turn("b").status()).isEqualTo(200);
    }

    @Test
    void closingASessionEndsItsStreamWithAnError() throws Exception {
        backend.gate().hold();
        CompletableFuture<Answer> stream = CompletableFuture.supplyAsync(() ->
                post(CHAT, chat("!loop", IN_S, "\"stream\": true", "\"repetition_detection\": {\"enabled\": false}")));
        backend.gate().awaitWaiting(LIMIT);
        CompletableFuture<Answer> closing = CompletableFuture.supplyAsync(() -> call("DELETE", "/v1/sessions/s", null));
        backend.gate().release();
        assertThat(closing.get().json().get("status").asText()).isEqualTo("closed");
        List<String> events = events(stream.get().response().body());
        JsonNode last = parse(events.get(events.size() - 1));
        assertThat(last.at("/error/code").asText()).isEqualTo("session_closed");
    }

    @Test
    void anotherSystemMessageIsAConflict() {
        String first = "{\"session_id\": \"s\", \"messages\": [{\"role\": \"system\", \"content\": \"A\"}, "
                + "{\"role\": \"user\", \"content\": \"!say a\\n!end\"}]}";
        assertThat(post(CHAT, first).status()).isEqualTo(200);
        assertThat(post(CHAT, first).status()).isEqualTo(200);
        assertThat(post(CHAT, first.replace("\"A\"", "\"B\"")).status()).isEqualTo(409);
    }

    @Test
    void documentsAreReadWithProgress() {
        String body = "{\"messages\": [{\"role\": \"user\", \"content\": \"" + "x".repeat(700) + "\"}]}";
        Answer plain = post("/v1/sessions/s/append", body);
        assertThat(plain.json().at("/session/message_count").asInt()).isEqualTo(1);
        Answer streamed = post("/v1/sessions/s/append", body, "Accept", "text/event-stream");
        List<JsonNode> chunks = chunks(streamed.response().body());
        assertThat(chunks.get(0).get("prompt_progress").get("total").asInt()).isGreaterThan(1400);
        assertThat(chunks.get(chunks.size() - 1).get("status").asText()).isEqualTo("ok");
        assertThat(info().get("message_count").asInt()).isEqualTo(2);
        for (String accept : List.of("application/json, text/event-stream;q=0", "text/event-streams")) {
            Answer whole = post("/v1/sessions/s/append", body, "Accept", accept);
            assertThat(whole.json().get("status").asText()).isEqualTo("ok");
        }
        Answer other = post("/v1/sessions/s/append", body, "Accept", "*/*;q=0.1, Text/Event-Stream; charset=utf-8");
        assertThat(chunks(other.response().body())).hasSizeGreaterThan(1);
        assertThat(post("/v1/sessions/s/append", "{\"messages\": []}").param()).isEqualTo("messages");
    }

    @Test
    void memoryThatSessionsShareIsToldOnce() {
        post(CHAT, chat("!say " + "word ".repeat(100) + "\n!end", "\"session_id\": \"s\""));
        awaitIdle();
        double one = Double.parseDouble(metric("longspan_state_bytes"));
        double held = get("/v1/sessions/s").json().get("bytes").asDouble();
        assertThat(one).isGreaterThanOrEqualTo(held);
        post("/v1/sessions/s/fork", "{\"session_id\": \"twin\"}");
        assertThat(Double.parseDouble(metric("longspan_state_bytes"))).isBetween(one, one + held);
    }

    @Test
    void forksGoTheirOwnWay() {
        turn("a");
        JsonNode forked = post("/v1/sessions/s/fork", "{\"session_id\": \"t\"}").json();
        assertThat(forked.get("session_id").asText()).isEqualTo("t");
        assertThat(post("/v1/sessions/s/fork", "{\"session_id\": \"t\"}").status())
                .isEqualTo(409);
        assertThat(post("/v1/sessions/s/fork", "").status()).isEqualTo(200);
        post(CHAT, chat(say("b"), "\"session_id\": \"t\""));
        assertThat(info().get("message_count").asInt()).isEqualTo(2);
        assertThat(get("/v1/sessions/t").json().get("message_count").asInt()).isEqualTo(4);
        JsonNode detailed = get("/v1/sessions?detail=true").json().get("sessions");
        assertThat(detailed).hasSize(3);
        assertThat(detailed.get(0).get("last_used").asDouble()).isGreaterThan(1e9);
    }

    @Test
    void aSnapshotOfAnotherTimeTakesItsPlace() {
        turn("a");
        String saved = post("/v1/sessions/s/save", "{\"title\": \"T\"}")
                .json()
                .get("snapshot_id")
                .asText();
        turn("b");
        Answer exists = post("/v1/snapshots/" + saved + "/load", "{\"session_id\": \"s\"}");
        assertThat(exists.code()).isEqualTo("session_exists");
        Answer text = post("/v1/snapshots/" + saved + "/load", "{\"session_id\": \"s\", \"force\": \"false\"}");
        assertThat(text.param()).isEqualTo("force");
        assertThat(info().get("message_count").asInt()).isEqualTo(4);
        Answer loaded = post("/v1/snapshots/" + saved + "/load", "{\"session_id\": \"s\", \"force\": true}");
        assertThat(loaded.json().at("/session/message_count").asInt()).isEqualTo(2);
        assertThat(info().get("message_count").asInt()).isEqualTo(2);
        Answer cleared = call("PATCH", "/v1/snapshots/" + saved, "{\"title\": null, \"tags\": [\"x\"]}");
        assertThat(cleared.json().at("/metadata/title").isNull()).isTrue();
        assertThat(cleared.json().at("/metadata/tags/0").asText()).isEqualTo("x");
    }

    @Test
    void whoHasAnAnswerMayGoOnAtOnce() {
        try (HttpAdapter narrow =
                HttpAdapter.builder().engine(engine).port(0).maxConcurrent(1).start()) {
            java.net.URI chat = narrow.address().resolve(CHAT);
            for (int i = 0; i < 400; i++) {
                Answer answer = send(post(chat, chat(say("a"), IN_S, "\"stream\": " + (i % 3 > 0))));
                assertThat(answer.status()).as("turn " + i).isEqualTo(200);
                if (i % 10 == 9) {
                    Answer back =
                            send(post(narrow.address().resolve("/v1/sessions/s/rollback"), "{\"keep_messages\": 0}"));
                    assertThat(back.status()).as("rollback after turn " + i).isEqualTo(200);
                }
            }
        }
    }

    @Test
    void readingIsATurnToo() {
        String body = "{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}]}";
        Answer first = post("/v1/sessions/s/append", body, "Idempotency-Key", "k");
        assertThat(first.header("X-Session-Seq")).isEqualTo("1");
        Answer again = post("/v1/sessions/s/append", body, "Idempotency-Key", "k", "Accept", "text/event-stream");
        assertThat(again.header("X-Session-Seq")).isEqualTo("1");
        assertThat(again.response().body()).contains("\"ok\"", "[DONE]");
        assertThat(info().get("message_count").asInt()).isEqualTo(1);
        Answer stale = post("/v1/sessions/s/append", body.replace("]}", "], \"expected_seq\": 0}"));
        assertThat(stale.code()).isEqualTo("sequence_mismatch");
    }

    @Test
    void aTurnThatFailedTellsNoSequence() {
        Answer failed = post(CHAT, chat("!fail", IN_S));
        assertThat(failed.header("X-Session-Seq")).isEmpty();
    }

    @Test
    void argumentsThatAreAnObjectKeepTheirDigits() {
        String arguments = "{\"a\":12345678901234567890123456789.123,\"b\":[1.50,0.0],\"c\":123456789012345678901}";
        Answer read = post(
                "/v1/sessions/s/append",
                "{\"messages\": [{\"role\": \"user\", \"content\": \"u\"}, {\"role\": \"assistant\", \"content\": null, \"tool_calls\":"
                        + " [{\"id\": \"c\", \"type\": \"function\", \"function\": {\"name\": \"f\", \"arguments\": "
                        + arguments
                        + "}}]}, {\"role\": \"tool\", \"tool_call_id\": \"c\", \"content\": \"t\"}]}");
        assertThat(read.status()).as(read.response().body()).isEqualTo(200);
        assertThat(get("/v1/sessions/s/history")
                        .json()
                        .at("/messages/1/tool_calls/0/function/arguments")
                        .asText())
                .isEqualTo(arguments);
    }

    @Test
    void aRollbackMayNameTheSequenceThatItExpects() {
        turn("a");
        turn("b");
        Answer stale = post("/v1/sessions/s/rollback", "{\"keep_messages\": 2, \"expected_seq\": 1}");
        assertThat(stale.status()).isEqualTo(409);
        assertThat(stale.code()).isEqualTo("sequence_mismatch");
        assertThat(stale.header("X-Session-Seq")).isEqualTo("2");
        // who counts on more than there is learns that others wrote, not that the count is wrong
        assertThat(post("/v1/sessions/s/rollback", "{\"keep_messages\": 6, \"expected_seq\": 3}")
                        .code())
                .isEqualTo("sequence_mismatch");
        assertThat(info().get("message_count").asInt()).isEqualTo(4);
        for (String wrong : List.of("-1", "\"2\"", "2.0", "true")) {
            Answer refused = post("/v1/sessions/s/rollback", "{\"keep_messages\": 2, \"expected_seq\": " + wrong + "}");
            assertThat(refused.status()).as(wrong).isEqualTo(400);
            assertThat(refused.param()).as(wrong).isEqualTo("expected_seq");
        }
        // a fork goes on from the sequence of what it was made of
        post("/v1/sessions/s/fork", "{\"session_id\": \"twin\"}");
        for (String id : List.of("s", "twin")) {
            Answer back = post("/v1/sessions/" + id + "/rollback", "{\"keep_messages\": 2, \"expected_seq\": 2}");
            assertThat(back.status()).as(back.response().body()).isEqualTo(200);
            assertThat(back.header("X-Session-Seq")).isEqualTo("3");
            assertThat(back.json().at("/session/message_count").asInt()).isEqualTo(2);
            assertThat(back.json().at("/session/sequence").asInt()).isEqualTo(3);
        }
    }
}
