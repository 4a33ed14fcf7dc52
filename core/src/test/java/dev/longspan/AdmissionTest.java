package dev.longspan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.spi.BackendMemoryException;
import dev.longspan.spi.MemoryPlan;
import dev.longspan.spi.PlanOptions;
import dev.longspan.tck.DigestBackend;
import dev.longspan.tck.DigestModel;
import dev.longspan.tck.DigestOptions;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Requests wait until there is memory for the most they may take. */
class AdmissionTest extends OnDigestBackend {
    private static final int ANSWER = 100;
    private static final int ROOM_FOR = 2;
    /** The engine plans for its limit and a few tokens that a template may write behind an answer. */
    private static final int CONTEXT = 4000 + 64;

    private static ChatRequest request(String text) {
        return user(text).maxTokens(ANSWER).build();
    }

    /** Room for the model and two conversations of the size used here. */
    @Override
    DigestOptions options() {
        DigestOptions batch = DigestOptions.defaults().withBatch(8, 64);
        try (DigestBackend asked = new DigestBackend(batch)) {
            MemoryPlan plan = asked.plan(DigestModel.spec(), new PlanOptions(8, 64, CONTEXT, 8));
            long prompt =
                    DigestModel.encode("<|im_start|>user\n!say a\n!end<|im_end|>\n<|im_start|>assistant\n").length;
            long sequence = plan.sequence(prompt + ANSWER).totalBytes();
            return batch.withMemoryLimit(plan.weights().plus(plan.workspace()).totalBytes() + ROOM_FOR * sequence);
        }
    }

    @Test
    void requestsBeyondTheMemoryWaitForThoseBeforeThem() {
        ChatEngine engine = engine();
        backend.gate().hold();
        ChatStream first = engine.stream(request("!say a\n!end"));
        ChatStream second = engine.stream(request("!say b\n!end"));
        ChatStream third = engine.stream(request("!say c\n!end"));
        backend.gate().awaitWaiting(LIMIT);
        step(engine);
        assertThat(engine.load().running()).isEqualTo(ROOM_FOR);
        assertThat(engine.load().queued()).isEqualTo(1);
        backend.gate().release();
        assertThat(first.await().text()).isEqualTo("a");
        assertThat(second.await().text()).isEqualTo("b");
        assertThat(third.await().text()).isEqualTo("c");
    }

    @Test
    void aRequestThatWillNeverFitIsRefusedAtOnceWithTheNumbers() {
        ChatEngine engine = engine();
        assertThatThrownBy(() -> engine.stream(user("x").maxTokens(3000).build()))
                .isInstanceOfSatisfying(
                        ContextMemoryException.class,
                        e -> assertThat(e.neededBytes()).isGreaterThan(e.availableBytes()))
                .hasMessageContaining("3000")
                .hasMessageContaining("maxTokens");
        awaitIdle(engine);
        assertThat(engine.chat(request("!say on\n!end")).text()).isEqualTo("on");
    }

    @Test
    void whatEndsGivesItsReservationBackHoweverItEnds() {
        ChatEngine engine = engine();
        for (int i = 0; i < 50; i++) {
            engine.chat(request("!say a\n!end"));
            assertThatThrownBy(() -> engine.chat(request("!fail"))).isNotNull();
            ChatStream cancelled = engine.stream(request("!loop"));
            cancelled.cancel();
            cancelled.await();
            engine.stream(request("!loop")).close();
        }
        List<ChatStream> both = List.of(engine.stream(request("!say x\n!end")), engine.stream(request("!say y\n!end")));
        assertThat(both.get(0).await().text()).isEqualTo("x");
        assertThat(both.get(1).await().text()).isEqualTo("y");
    }

    @Test
    void theQueueIsBoundedByTokensToo() {
        ChatEngine engine = keep(builder().maxRunning(1).maxQueuedTokens(60).build());
        backend.gate().hold();
        ChatStream running = engine.stream(request("!end"));
        backend.gate().awaitWaiting(LIMIT);
        ChatStream waiting = engine.stream(request("!say one\n!end"));
        long tokens = engine.load().queuedTokens();
        assertThat(tokens).isPositive();
        assertThatThrownBy(() -> engine.stream(request("!say two\n!end")))
                .isInstanceOfSatisfying(
                        EngineOverloadedException.class,
                        e -> assertThat(e.retryAfter()).isPositive())
                .hasMessageContaining(String.valueOf(tokens))
                .hasMessageContaining("60");
        backend.gate().release();
        running.await();
        assertThat(waiting.await().text()).isEqualTo("one");
        assertThat(engine.chat(request("!say longer than what may wait beside others\n!end"))
                        .text())
                .as("alone it may wait")
                .startsWith("longer");
        assertThatThrownBy(() -> builder().maxQueuedTokens(0)).hasMessageContaining("maxQueuedTokens");
    }

    @Test
    void aModelThatCannotFitIsRefusedBeforeItIsRead() {
        try (DigestBackend small = new DigestBackend(DigestOptions.defaults().withMemoryLimit(1000))) {
            assertThatThrownBy(() ->
                            ChatEngine.builder().model(folder).backend(small).build())
                    .isInstanceOf(BackendMemoryException.class)
                    .hasMessageContaining("-Xmx");
        }
    }
}
