package dev.longspan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.tck.TemplateKind;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Thinking, its budget, and loops. */
class ThinkingTest extends OnDigestBackend {
    @Test
    void aBudgetClosesThinkingInTheModelsOwnContext() throws IOException {
        for (TemplateKind kind : List.of(TemplateKind.STABLE, TemplateKind.THINK_OPENING)) {
            write(kind);
            ChatResponse response = engine().chat(
                            user("!think 50\n!say done\n!end").thinkingBudget(5).build());
            assertThat(response.text()).as(kind.name()).isEqualTo("done");
            boolean opened = kind == TemplateKind.THINK_OPENING;
            assertThat(response.message().thinking()).matches(opened ? "[0-9a-f]{5}\n" : "\n[0-9a-f]{3}\n");
            assertThat(response.usage().thinkingTokens())
                    .as("the budget and the forced newline, tag and newline")
                    .isEqualTo(5 + 3);
            assertThat(response.usage().completionTokens()).isEqualTo(5 + 3 + 4 + 1);
        }
    }

    @Test
    void aBudgetOfZeroClosesAtOnce() throws IOException {
        write(TemplateKind.THINK_OPENING);
        ChatResponse response = engine().chat(
                        user("!think 50\n!say done\n!end").thinkingBudget(0).build());
        assertThat(response.message().thinking()).isEmpty();
        assertThat(response.text()).isEqualTo("done");
        assertThat(response.usage().thinkingTokens()).isEqualTo(2);
    }

    @Test
    void aBudgetThatIsNotUsedUpChangesNothing() {
        ChatEngine engine = engine();
        ChatRequestBuilder request = user("!think 10\n!say done\n!end");
        ChatResponse free = engine.chat(request.build());
        ChatResponse bounded = engine.chat(request.thinkingBudget(100).build());
        assertThat(bounded.message()).isEqualTo(free.message());
        assertThat(bounded.usage()).isEqualTo(free.usage());
    }

    @Test
    void aBudgetBeyondTheTokenLimitEndsWithLength() {
        ChatResponse response = engine().chat(user("!think 50\n!say done")
                .thinkingBudget(5)
                .maxTokens(6)
                .build());
        assertThat(response.finishReason()).isEqualTo(FinishReason.LENGTH);
        assertThat(response.text()).isEmpty();
        assertThat(response.usage().completionTokens()).isEqualTo(6);
    }

    @Test
    void hiddenThinkingIsCountedButNeitherStreamedNorInTheAnswer() {
        ChatEngine engine = engine();
        ChatRequestBuilder request = user("!think 10\n!say done\n!end");
        ChatResponse shown = engine.chat(request.build());
        List<ChatEvent> events = events(engine, request.thinkingHidden(true).build());
        ChatResponse hidden = ((ChatEvent.Completed) events.get(events.size() - 1)).response();
        assertThat(events).noneMatch(ChatEvent.ThinkingDelta.class::isInstance);
        assertThat(hidden.message().thinking()).isEmpty();
        assertThat(hidden.text()).isEqualTo(shown.text());
        assertThat(hidden.usage()).isEqualTo(shown.usage());
    }

    @Test
    void thinkingCanBeTurnedOffWhereTheTemplateCan() throws IOException {
        write(TemplateKind.THINK_OPENING);
        ChatEngine engine = engine();
        ChatResponse off =
                engine.chat(user("!say done\n!end").thinking(ThinkingMode.OFF).build());
        assertThat(off.message().thinking()).isEmpty();
        assertThat(off.text()).isEqualTo("done");
        write(TemplateKind.STABLE);
        ChatEngine other = engine();
        assertThatThrownBy(() -> other.chat(user("x").thinking(ThinkingMode.OFF).build()))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("thinking");
    }

    @Test
    void aLoopInTheTextEndsTheAnswer() {
        ChatResponse response = engine().chat(user("!loop").build());
        assertThat(response.finishReason()).isEqualTo(FinishReason.REPETITION);
        assertThat(response.usage().completionTokens()).isEqualTo(256);
        assertThat(response.text()).hasSize(256);
    }

    @Test
    void aLoopInThinkingClosesItOnceAndTheAnswerFollows() throws IOException {
        write(TemplateKind.THINK_OPENING);
        ChatResponse response = engine().chat(user("!loop\n!say done\n!end").build());
        assertThat(response.finishReason()).isEqualTo(FinishReason.STOP);
        assertThat(response.text()).isEqualTo("done");
        assertThat(response.message().thinking()).hasSize(257).endsWith("\n");
    }

    @Test
    void aSecondLoopInThinkingEndsTheAnswer() throws IOException {
        write(TemplateKind.THINK_OPENING);
        ChatResponse response = engine().chat(user("!loop\n!think 1\n!loop").build());
        assertThat(response.finishReason()).isEqualTo(FinishReason.REPETITION);
    }

    @Test
    void loopsAreLetBeWhereTheRequestSaysSo() {
        ChatResponse response = engine().chat(endless().maxTokens(400).build());
        assertThat(response.finishReason()).isEqualTo(FinishReason.LENGTH);
        assertThat(response.usage().completionTokens()).isEqualTo(400);
        ChatResponse early = engine().chat(user("!loop")
                .repetition(RepetitionSettings.DEFAULT.with(Map.of("min_generated_tokens", 32)))
                .build());
        assertThat(early.usage().completionTokens()).isEqualTo(32);
    }

    @Test
    void stopStringsEndTheAnswerInTheTextAlone() {
        ChatEngine engine = engine();
        ChatResponse response = engine.chat(
                user("!think 3\n!say one STOP two\n!end").stop(List.of("STOP")).build());
        assertThat(response.text()).isEqualTo("one ");
        assertThat(response.finishReason()).isEqualTo(FinishReason.STOP);
        assertThat(engine.chat(user("!say abc\\ndef\n!end").stop(List.of("\n")).build())
                        .text())
                .isEqualTo("abc");
        assertThatThrownBy(() -> user("x").stop(List.of(""))).hasMessageContaining("stop[0]");
        assertThatThrownBy(() -> user("x").stop(java.util.Collections.nCopies(17, "a")))
                .hasMessageContaining("stop");
    }
}
