package dev.longspan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Texts that the model goes on with, tokens of texts, and what a server asks an engine beside. */
class TextPromptTest extends OnDigestBackend {
    @Test
    void aTextIsGoneOnWithAsItIs() {
        ChatEngine engine = engine();
        ChatRequest request =
                ChatRequest.builder().prompt("any text").maxTokens(12).build();
        ChatResponse response = engine.chat(request);
        assertThat(response.usage().promptTokens()).isEqualTo("any text".length());
        assertThat(engine.countTokens(request)).isEqualTo("any text".length());
        assertThat(response.text()).matches("[0-9a-f]{1,12}");
        // and stays what it is: a longer text that begins with it goes on in the same way
        ChatRequest longer = ChatRequest.builder()
                .prompt("any text" + response.text().substring(0, 3))
                .maxTokens(9)
                .build();
        assertThat(response.text())
                .startsWith(
                        response.text().substring(0, 3) + engine.chat(longer).text());
    }

    @Test
    void itsPrefixIsFoundAgain() {
        ChatEngine engine = keep(builder().prefixCacheBytes(1 << 20).build());
        ChatRequest request =
                ChatRequest.builder().prompt("x".repeat(100)).maxTokens(2).build();
        engine.chat(request);
        assertThat(engine.chat(request).usage().promptTokens()).isEqualTo(100);
    }

    @Test
    void itStandsAlone() {
        assertThatThrownBy(() -> ChatRequest.builder().prompt("a").user("b").build())
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageStartingWith("prompt");
        ChatEngine engine = engine();
        assertThatThrownBy(() -> engine.chat(ChatRequest.builder().prompt("").build()))
                .hasMessageStartingWith("prompt");
        try (Session session = engine.openSession()) {
            assertThatThrownBy(
                            () -> session.send(ChatRequest.builder().prompt("a").build()))
                    .hasMessageStartingWith("prompt");
            assertThat(session.info().sequence()).isZero();
        }
    }

    @Test
    void tokensComeAndGo() {
        ChatEngine engine = engine();
        assertThat(engine.detokenize(engine.tokenize("häßlich"))).isEqualTo("häßlich");
        assertThat(engine.tokenize("")).isEmpty();
        assertThatThrownBy(() -> engine.detokenize(1, 99_999))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageStartingWith("ids[1]");
    }

    @Test
    void listenersComeAndGo() {
        ChatEngine engine = engine();
        List<Integer> queued = new ArrayList<>();
        EngineListener listener = new EngineListener() {
            @Override
            public void requestQueued(int promptTokens) {
                queued.add(promptTokens);
            }
        };
        engine.addListener(listener);
        engine.chat(ChatRequest.of("!say a\n!end"));
        assertThat(queued).hasSize(1);
        engine.removeListener(listener);
        engine.chat(ChatRequest.of("!say a\n!end"));
        assertThat(queued).hasSize(1);
        assertThat(engine.memoryPlan().weights().totalBytes()).isPositive();
    }

    @Test
    void readingTellsHowFarItIs() {
        ChatEngine engine = engine();
        try (Session session = engine.openSession()) {
            Instant before = Instant.now().minus(Duration.ofMinutes(1));
            List<ChatEvent> events = new ArrayList<>();
            try (ChatStream reading = session.beginAppend(ChatRequest.of("x".repeat(300)), TurnOptions.DEFAULT)
                    .orElseThrow()) {
                reading.forEachRemaining(events::add);
            }
            assertThat(events).hasAtLeastOneElementOfType(ChatEvent.PromptProgress.class);
            assertThat(events.get(events.size() - 1)).isInstanceOf(ChatEvent.Completed.class);
            assertThat(session.history()).containsExactly(ChatMessage.user("x".repeat(300)));
            assertThat(session.info().lastUsed())
                    .isBetween(before, Instant.now().plusSeconds(60));
            assertThatThrownBy(() -> session.beginAppend(ChatRequest.again().build(), TurnOptions.DEFAULT))
                    .hasMessageStartingWith("messages");
        }
    }

    @Test
    void anotherSystemMessageIsAConflictOfItsOwnKind() {
        try (Session session = engine().openSession()) {
            session.append(List.of(ChatMessage.system("A"), ChatMessage.user("x")));
            assertThatThrownBy(() -> session.append(List.of(ChatMessage.system("B"))))
                    .isInstanceOf(SystemMessageConflictException.class)
                    .hasMessageStartingWith("messages[0]");
        }
    }
}
