package dev.longspan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Requests without a session that begin like earlier ones. */
class PrefixReuseTest extends OnDigestBackend {
    private static final long PLENTY = 10_000_000;

    private ChatEngine caching(long bytes) {
        return keep(builder().maxContextTokens(40_000).prefixCacheBytes(bytes).build());
    }

    @Test
    void aClientThatSendsItsWholeHistoryPaysOnlyForTheNewPart() {
        ChatEngine engine = caching(PLENTY);
        ChatEngine plain = engine();
        List<ChatMessage> history = new ArrayList<>(List.of(ChatMessage.system("be brief")));
        int held = 0;
        for (int i = 0; i < 8; i++) {
            history.add(ChatMessage.user("!say answer " + i + "\n!end"));
            ChatRequest request = ChatRequest.builder().messages(history).build();
            ChatResponse response = engine.chat(request);
            assertThat(response.text()).isEqualTo("answer " + i);
            assertThat(response.message()).isEqualTo(plain.chat(request).message());
            TokenUsage usage = response.usage();
            if (i > 0) {
                assertThat(usage.reusedTokens()).as("up to the last message").isEqualTo(held);
            }
            held = usage.promptTokens() - "<|im_start|>assistant\n".length() + "<|im_start|>".length() - 1;
            history.add(response.message());
        }
        assertThat(backend.verify()).isEmpty();
    }

    @Test
    void requestsThatShareOnlyTheSystemMessageReuseThat() {
        ChatEngine engine = caching(PLENTY);
        ChatRequestBuilder system = ChatRequest.builder().system("rules ".repeat(50));
        engine.chat(system.user("!say a\n!end").build());
        ChatResponse second = engine.chat(ChatRequest.builder()
                .system("rules ".repeat(50))
                .user("!say b\n!end")
                .build());
        assertThat(second.text()).isEqualTo("b");
        assertThat(second.usage().reusedTokens()).isGreaterThan(300);
        ChatResponse other = engine.chat(ChatRequest.builder()
                .system("roles ".repeat(50))
                .user("!say c\n!end")
                .build());
        assertThat(other.usage().reusedTokens()).isZero();
    }

    @Test
    void requestsThatShareOnlyTheToolsReuseThose() {
        ChatEngine engine = caching(PLENTY);
        engine.chat(user("!say a\n!end").tools(List.of(WEATHER)).build());
        ChatResponse second =
                engine.chat(user("!say b\n!end").tools(List.of(WEATHER)).build());
        assertThat(second.text()).isEqualTo("b");
        assertThat(second.usage().reusedTokens())
                .isGreaterThan(WEATHER.parameters().length());
        ChatResponse xs = engine.chat(
                user("x marks it\n!say c\n!end").tools(List.of(WEATHER)).build());
        assertThat(xs.usage().reusedTokens()).isGreaterThan(WEATHER.parameters().length());
    }

    @Test
    void aSessionWithTheSameSystemMessageReusesIt() {
        ChatEngine engine = caching(PLENTY);
        ChatRequestBuilder system = ChatRequest.builder().system("rules ".repeat(50));
        engine.chat(system.user("!say a\n!end").build());
        try (Session session = engine.openSession()) {
            ChatResponse answer = session.send(ChatRequest.builder()
                    .system("rules ".repeat(50))
                    .user("!say b\n!end")
                    .build());
            assertThat(answer.text()).isEqualTo("b");
            assertThat(answer.usage().reusedTokens()).isGreaterThan(300);
        }
    }

    @Test
    void longPromptsLeaveCheckpointsOnTheirWay() {
        ChatEngine engine = caching(PLENTY);
        String text = "x".repeat(30_000);
        engine.chat(user(text + "\n!say a\n!end").build());
        ChatResponse second =
                engine.chat(user(text.substring(0, 20_000) + "\n!say b\n!end").build());
        assertThat(second.text()).isEqualTo("b");
        assertThat(second.usage().reusedTokens()).isGreaterThanOrEqualTo(8192).isLessThanOrEqualTo(20_000);
    }

    @Test
    void theLeastRecentlyUsedGoWhenThereAreTooManyBytesAndAKeyPinsOne() {
        ChatEngine engine = caching(60_000);
        ChatRequestBuilder pinned = user("p".repeat(200) + "\n!end").cacheKey("mine");
        engine.chat(pinned.build());
        for (int i = 0; i < 30; i++) {
            engine.chat(user(i + "y".repeat(200) + "\n!end").build());
        }
        assertThat(backend.memory().used().totalBytes()).isLessThan(200_000);
        assertThat(engine.chat(pinned.build()).usage().reusedTokens()).isPositive();
        assertThat(engine.chat(user(0 + "y".repeat(200) + "\n!end").build())
                        .usage()
                        .reusedTokens())
                .as("long gone")
                .isZero();
    }

    @Test
    void aSessionBeginsWithWhatARequestHasLeft() {
        ChatEngine engine = caching(PLENTY);
        engine.chat(user("q".repeat(300) + "\n!say a\n!end").build());
        try (Session session = engine.openSession()) {
            ChatResponse response = session.send("q".repeat(300) + "\n!say a\n!end");
            assertThat(response.usage().reusedTokens()).isGreaterThan(300);
            assertThat(session.info().lastTurn().orElseThrow().matchingTokens()).isZero();
        }
    }

    @Test
    void aSessionThatBeganWithWhatWasLeftGoesBackToItWithoutComputing() {
        ChatEngine engine = caching(PLENTY);
        String question = "q".repeat(300) + "\n!think 20\n!say a\n!end";
        engine.chat(user(question).build());
        try (Session session = engine.openSession()) {
            session.send(question);
            assertThat(session.info().lastTurn().orElseThrow().commitTokens())
                    .as("the answer without its thinking")
                    .isLessThan(50);
            long computed = backend.tokensComputed();
            session.rollback(1);
            assertThat(backend.tokensComputed()).isEqualTo(computed);
        }
    }

    @Test
    void closingTheEngineLetsAllOfItGo() {
        long before = backend.memory().used().totalBytes();
        ChatEngine engine = caching(PLENTY);
        engine.chat(user("z".repeat(300) + "\n!end").build());
        engine.close();
        assertThat(backend.openCheckpoints()).isEmpty();
        assertThat(backend.memory().used().totalBytes()).isEqualTo(before);
    }

    @Test
    void aKeyPinsAPromptThatIsThereAlready() {
        ChatEngine engine = caching(60_000);
        ChatRequestBuilder prompt = user("p".repeat(200) + "\n!end");
        engine.chat(prompt.build());
        assertThat(engine.chat(prompt.cacheKey("mine").build()).usage().reusedTokens())
                .isPositive();
        for (int i = 0; i < 30; i++) {
            engine.chat(user(i + "y".repeat(200) + "\n!end").build());
        }
        assertThat(engine.chat(prompt.build()).usage().reusedTokens()).isPositive();
    }

    @Test
    void keysTakeAtMostHalfOfTheCache() {
        ChatEngine engine = caching(60_000);
        for (int i = 0; i < 64; i++) {
            engine.chat(
                    user(i + "k".repeat(400) + "\n!end").cacheKey("key " + i).build());
        }
        assertThat(backend.memory().used().totalBytes()).isLessThan(200_000);
        ChatRequest plain = user("n".repeat(100) + "\n!end").build();
        engine.chat(plain);
        assertThat(engine.chat(plain).usage().reusedTokens()).isPositive();
    }

    /** The second request counts on the first one's prefix, and the third needs memory that the cache would have to give. */
    @Test
    void whatIsAdmittedKeepsItsPromiseOfMemory() {
        String system = "s".repeat(2000);
        for (long limit = 300_000; limit <= 420_000; limit += 15_000) {
            ChatEngine engine = keep(builder()
                    .maxContextTokens(8000)
                    .maxStateBytes(limit)
                    .prefixCacheBytes(PLENTY)
                    .build());
            backend.gate().hold();
            ChatStream first = engine.stream(ChatRequest.builder()
                    .system(system)
                    .user("!say " + "a".repeat(1300))
                    .maxTokens(1200)
                    .build());
            backend.gate().awaitWaiting(LIMIT);
            ChatStream second = engine.stream(ChatRequest.builder()
                    .system(system)
                    .user("!say " + "b".repeat(700))
                    .maxTokens(600)
                    .build());
            ChatStream third = engine.stream(
                    user("!say " + "c".repeat(1600)).maxTokens(1500).build());
            backend.gate().release();
            assertThat(first.await().finishReason()).as("limit " + limit).isEqualTo(FinishReason.LENGTH);
            assertThat(second.await().finishReason()).as("limit " + limit).isEqualTo(FinishReason.LENGTH);
            assertThat(third.await().finishReason()).as("limit " + limit).isEqualTo(FinishReason.LENGTH);
            engine.close();
        }
    }
}
