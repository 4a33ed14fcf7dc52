package dev.longspan.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.ChatEngineBuilder;
import dev.longspan.tck.DigestOptions;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Much at once: nothing fails, nothing is mixed up, and memory stays as it is. */
class LoadTest extends OnServer {
    private static final int SESSIONS = 500;
    private static final int STREAMS = 64;
    private static final int PER_SECOND = 200;
    private static final Duration SHORT = Duration.ofSeconds(20);

    @Override
    DigestOptions options() {
        return DigestOptions.defaults().withBatch(80, 2048);
    }

    @Override
    ChatEngineBuilder engineBuilder() {
        // a machine that stands still for seconds makes a queue, and no error
        return super.engineBuilder().maxRunning(72).maxQueued(2000);
    }

    @Override
    HttpAdapterBuilder configure(HttpAdapterBuilder builder) {
        return builder.maxConcurrent(2500);
    }

    @Test
    void manySessionsStreamsAndRequests() throws Exception {
        load(SHORT);
    }

    @Tag("soak")
    @Test
    @Timeout(3600)
    void theSameForHalfAnHour() throws Exception {
        load(Duration.ofMinutes(30));
    }

    private void load(Duration time) throws Exception {
        for (int i = 0; i < SESSIONS; i++) {
            post("/v1/sessions", "{\"session_id\": \"idle-" + i + "\"}");
            post(CHAT, chat("!say " + i + "\n!end", "\"session_id\": \"idle-" + i + "\""));
        }
        Queue<String> faults = new ConcurrentLinkedQueue<>();
        long end = System.nanoTime() + time.toNanos();
        ExecutorService threads = Executors.newCachedThreadPool();
        for (int s = 0; s < STREAMS; s++) {
            int stream = s;
            threads.execute(() -> {
                for (int turn = 0; System.nanoTime() < end; turn++) {
                    String said = stream + " in " + turn + " said";
                    Answer answer = post(CHAT, chat("!say " + said + "\n!end", "\"stream\": true"));
                    List<JsonNode> chunks = chunks(answer.response().body());
                    if (answer.status() != 200 || !joined(chunks, "content").equals(said)) {
                        faults.add(answer.status() + " " + answer.response().body());
                    }
                }
            });
        }
        int answered = 0;
        Queue<CompletableFuture<?>> open = new ConcurrentLinkedQueue<>();
        long gap = 1_000_000_000L / PER_SECOND;
        long next = System.nanoTime();
        long heapAfterWarmUp = 0;
        long offHeapAfterWarmUp = 0;
        while (System.nanoTime() < end) {
            answered++;
            int number = answered;
            HttpRequest request = post(uri(CHAT), chat("!say " + number + "\n!end"))
                    .timeout(Duration.ofSeconds(60))
                    .build();
            open.add(client.sendAsync(request, HttpResponse.BodyHandlers.ofString())
                    .thenAccept(response -> {
                        String text = parse(response.body())
                                .at("/choices/0/message/content")
                                .asText();
                        if (response.statusCode() != 200 || !text.equals("" + number)) {
                            faults.add(response.statusCode() + " " + response.body());
                        }
                    }));
            open.removeIf(CompletableFuture::isDone);
            next += gap;
            LockSupport.parkNanos(next - System.nanoTime());
            if (heapAfterWarmUp == 0 && System.nanoTime() > end - time.toNanos() / 2) {
                heapAfterWarmUp = heap();
                offHeapAfterWarmUp = offHeap();
            }
        }
        for (CompletableFuture<?> each : open) {
            each.get(1, TimeUnit.MINUTES);
        }
        threads.shutdown();
        assertThat(threads.awaitTermination(1, TimeUnit.MINUTES)).isTrue();
        assertThat(faults).isEmpty();
        awaitIdle();
        assertThat(heap()).as("heap, in bytes").isLessThan(heapAfterWarmUp + (32 << 20));
        assertThat(offHeap()).as("off-heap memory, in bytes").isLessThan(offHeapAfterWarmUp + (8 << 20));
        for (int i = 0; i < SESSIONS; i += 50) {
            JsonNode messages =
                    get("/v1/sessions/idle-" + i + "/history").json().get("messages");
            assertThat(messages.get(1).get("content").asText()).isEqualTo("" + i);
        }
    }

    private static long heap() {
        System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    private static long offHeap() {
        return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .mapToLong(BufferPoolMXBean::getMemoryUsed)
                .sum();
    }
}
