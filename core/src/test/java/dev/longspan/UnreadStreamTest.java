package dev.longspan;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** Streams that nobody reads hold their memory, and nothing else. */
class UnreadStreamTest extends OnDigestBackend {
    @Test
    void streamsThatAreNotReadKeepNobodyOut() {
        AtomicInteger largestBatch = new AtomicInteger();
        ChatEngine engine = keep(builder().maxRunning(2).maxQueued(1).build());
        engine.addListener(new EngineListener() {
            @Override
            public void stepComputed(int runs, int tokens, Duration duration) {
                largestBatch.accumulateAndGet(runs, Math::max);
            }
        });
        ChatRequest loop = ChatRequest.builder()
                .user("!loop")
                .flushPolicy(FlushPolicy.EVERY_TOKEN)
                .maxTokens(400)
                .repetition(RepetitionSettings.DEFAULT.with(Map.of("enabled", false)))
                .build();
        List<ChatStream> unread = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            unread.add(engine.stream(loop));
            awaitStandstill();
        }
        assertThat(engine.load().running()).isEqualTo(6);
        for (int i = 0; i < 5; i++) {
            assertThat(engine.chat(ChatRequest.of("!say still here\n!end")).text())
                    .isEqualTo("still here");
        }
        List<CompletableFuture<ChatResponse>> read = unread.stream()
                .map(stream -> CompletableFuture.supplyAsync(stream::await, task -> new Thread(task).start()))
                .toList();
        for (CompletableFuture<ChatResponse> each : read) {
            assertThat(each.join().usage().completionTokens()).isEqualTo(400);
        }
        assertThat(largestBatch.get()).isEqualTo(2);
    }

    /** Waits until nothing is computed any more: the queue of every stream is full. */
    private void awaitStandstill() {
        long before = -1;
        while (before != backend.gate().arrivals() || before == 0) {
            before = backend.gate().arrivals();
            LockSupport.parkNanos(50_000_000);
        }
    }
}
