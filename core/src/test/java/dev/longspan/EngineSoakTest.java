package dev.longspan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.tck.DigestOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What shows only after long. */
@Tag("soak")
@Timeout(600)
class EngineSoakTest extends OnDigestBackend {
    private static final int STREAMS = 64;
    private static final int TOKENS = 500;
    private static final long BOUND = 4_000_000;

    @Override
    DigestOptions options() {
        return DigestOptions.defaults().withBatch(STREAMS, 64 * STREAMS);
    }

    @Test
    void theHeapDoesNotGrowOverAMillionTokens() {
        ChatEngine engine = engine();
        long tokens = answer(engine, 10);
        long before = usedHeap();
        while (tokens < 1_000_000) {
            tokens += answer(engine, 1);
        }
        assertThat(usedHeap() - before).as("growth in bytes").isLessThan(BOUND);
    }

    private static long answer(ChatEngine engine, int rounds) {
        long tokens = 0;
        for (int round = 0; round < rounds; round++) {
            List<CompletableFuture<ChatResponse>> answers = new ArrayList<>();
            for (int i = 0; i < STREAMS; i++) {
                answers.add(engine.chatAsync(endless().maxTokens(TOKENS).build()));
            }
            for (CompletableFuture<ChatResponse> answer : answers) {
                tokens += answer.join().usage().completionTokens();
            }
        }
        return tokens;
    }

    /** The least of a few measurements right behind a collection. */
    private static long usedHeap() {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 5; i++) {
            System.gc();
            least = Math.min(
                    least,
                    Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory());
        }
        return least;
    }
}
