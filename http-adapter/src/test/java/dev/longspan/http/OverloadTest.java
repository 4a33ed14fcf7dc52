package dev.longspan.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.ChatEngineBuilder;
import dev.longspan.tck.DigestOptions;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** More than there is room for. */
class OverloadTest extends OnServer {
    @Override
    DigestOptions options() {
        return DigestOptions.defaults().withBatch(80, 2048);
    }

    @Override
    ChatEngineBuilder engineBuilder() {
        return super.engineBuilder().maxRunning(72).maxQueued(100);
    }

    @Test
    void tenTimesTooMuchIsRefusedAndThenAllIsWell() throws Exception {
        int clients = 1720; // ten times what runs and waits
        backend.gate().hold();
        Queue<Answer> answers = new ConcurrentLinkedQueue<>();
        CountDownLatch sent = new CountDownLatch(clients);
        for (int i = 0; i < clients; i++) {
            int number = i;
            HttpRequest request =
                    post(uri(CHAT), chat("!say " + number + "\n!end")).build();
            CompletableFuture<?> unused = client.sendAsync(request, HttpResponse.BodyHandlers.ofString())
                    .whenComplete((response, failure) -> {
                        if (response != null) {
                            answers.add(new Answer(response.statusCode(), response));
                        }
                        sent.countDown();
                    });
            assertThat(unused).isNotNull();
        }
        while (answers.size() < clients - 72 - 100) {
            Thread.onSpinWait();
        }
        assertThat(answers).allSatisfy(answer -> {
            assertThat(answer.status()).isIn(429, 503);
            assertThat(answer.header("Retry-After")).matches("[1-9][0-9]*");
        });
        assertThat(engine.load().running() + engine.load().queued()).isLessThanOrEqualTo(172);
        assertThat(get("/livez").status()).isEqualTo(200);
        backend.gate().release();
        assertThat(sent.await(1, TimeUnit.MINUTES)).isTrue();
        assertThat(answers).hasSize(clients);
        assertThat(answers.stream().filter(answer -> answer.status() == 200).count())
                .isBetween(100L, 172L);
        assertThat(post(CHAT, chat("!say fine\n!end")).status()).isEqualTo(200);
        assertThat(metric("longspan_rejections_total{code=\"queue_full\"}")).isNotEmpty();
    }
}
