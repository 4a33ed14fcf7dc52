package dev.longspan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
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
        ChatRequest loop = loop(400);
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

    @Test
    void streamsThatAreNotReadKeepTheirMemory() {
        long one;
        try (ChatEngine measured = builder().build();
                Session session = measured.openSession()) {
            session.send(loop(400));
            one = session.info().bytes();
        }
        ChatEngine engine = keep(builder().maxStateBytes(3 * one / 2).build());
        ChatStream unread = engine.stream(loop(400));
        awaitStandstill();
        ChatStream second = engine.stream(loop(400));
        awaitStandstill();
        assertThat(engine.load())
                .extracting(EngineLoad::running, EngineLoad::queued)
                .containsExactly(1, 1);
        unread.close();
        assertThat(second.await().usage().completionTokens()).isEqualTo(400);
    }

    @Test
    void aStreamThatIsNotReadIsGivenUpWhileOthersAreComputed() {
        ChatEngine engine = keep(builder().readerPatience(Duration.ofMillis(20)).build());
        ChatStream unread = engine.stream(loop(400));
        awaitStandstill();
        do {
            assertThat(engine.chat(ChatRequest.of("!say still here\n!end")).text())
                    .isEqualTo("still here");
        } while (engine.load().running() > 0);
        assertThatThrownBy(unread::await).isInstanceOf(ReaderTooSlowException.class);
    }

    private static ChatRequest loop(int maxTokens) {
        return endless()
                .flushPolicy(FlushPolicy.EVERY_TOKEN)
                .maxTokens(maxTokens)
                .build();
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
