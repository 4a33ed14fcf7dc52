package dev.longspan;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Many sessions at once, in memory for a quarter of them, each of which lives a life of its own. */
@Timeout(1200)
class ManySessionsTest extends OnDigestBackend {
    private static final int SESSIONS = 32;
    private static final int LETTERS = 600;

    /** One session, used by one thread. */
    private static final class Life {
        private final ChatEngine engine;
        private final Random random;
        private Session session;
        private int turns;

        Life(ChatEngine engine, int seed) {
            this.engine = engine;
            this.random = new Random(seed);
            this.session = engine.openSession();
        }

        void until(long end) {
            while (System.nanoTime() < end) {
                step();
                turns++;
            }
            try (Session fresh = engine.openSession()) {
                if (!session.history().isEmpty()) {
                    fresh.append(session.history());
                }
                assertThat(session.tokenIds()).isEqualTo(fresh.tokenIds());
            }
        }

        private void step() {
            int messages = session.history().size();
            if (session.tokenIds().length > 2 * LETTERS) {
                session.rollback(Math.max(0, messages - 6));
            }
            switch (random.nextInt(8)) {
                case 0 -> session.append(List.of(ChatMessage.user("w".repeat(random.nextInt(LETTERS)))));
                case 1 -> session.rollback(random.nextInt(session.history().size() + 1));
                case 2 -> cancelled();
                case 3 -> forked();
                case 4 -> savedAndLoaded();
                default -> answered(session);
            }
        }

        private void answered(Session of) {
            String text = "turn " + turns;
            ChatRequest request = ChatRequest.builder()
                    .user("!say " + text + "\n!end")
                    .maxTokens(50)
                    .build();
            assertThat(of.send(request).text()).isEqualTo(text);
        }

        private void cancelled() {
            ChatRequest request = ChatRequest.builder()
                    .user("!say not to the end\n!end")
                    .maxTokens(50)
                    .build();
            try (ChatStream stream = session.stream(request, TurnOptions.DEFAULT)) {
                stream.cancel();
                stream.await();
            }
        }

        private void forked() {
            try (Session fork = session.fork()) {
                answered(fork);
                SessionInfo info = fork.info();
                assertThat(info.exclusiveBytes()).isLessThanOrEqualTo(info.bytes());
            }
        }

        private void savedAndLoaded() {
            if (session.tokenIds().length > 0) {
                int[] ids = session.tokenIds();
                String id = session.save("life").id();
                answered(session);
                session.load(id);
                assertThat(session.tokenIds()).isEqualTo(ids);
                engine.snapshots().delete(id);
            }
        }
    }

    private void live(Duration time) throws InterruptedException, ExecutionException, TimeoutException {
        long one;
        try (ChatEngine measured = builder().build();
                Session session = measured.openSession()) {
            session.append(List.of(ChatMessage.user("w".repeat(3 * LETTERS))));
            one = session.info().bytes();
        }
        ChatEngine engine = keep(builder()
                .maxStateBytes(SESSIONS / 4 * one)
                .prefixCacheBytes(one)
                .parkIdleSessions(folder.resolve("parked"))
                .build());
        ExecutorService threads = Executors.newFixedThreadPool(SESSIONS);
        long end = System.nanoTime() + time.toNanos();
        List<CompletableFuture<Integer>> all = new ArrayList<>();
        for (int i = 0; i < SESSIONS; i++) {
            int seed = i;
            all.add(CompletableFuture.supplyAsync(
                    () -> {
                        Life life = new Life(engine, seed);
                        life.until(end);
                        return life.turns;
                    },
                    threads));
        }
        for (CompletableFuture<Integer> each : all) {
            assertThat(each.get(time.toSeconds() + 120, TimeUnit.SECONDS))
                    .as("turns")
                    .isPositive();
        }
        threads.shutdown();
        assertThat(engine.sessions()).hasSize(SESSIONS);
        assertThat(engine.snapshots().list()).isEmpty();
        assertThat(backend.verify()).isEmpty();
    }

    @Test
    void manySessionsLiveInTheMemoryOfAFew() throws Exception {
        live(Duration.ofSeconds(4));
    }

    /** Fifteen minutes, or as many seconds as {@code longspan.test.seconds} says. */
    @Test
    @Tag("soak")
    void manySessionsLiveLongInTheMemoryOfAFew() throws Exception {
        live(Duration.ofSeconds(Long.getLong("longspan.test.seconds", 900)));
    }
}
