package dev.longspan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.spi.MemoryPlan;
import dev.longspan.spi.PlanOptions;
import dev.longspan.tck.DigestBackend;
import dev.longspan.tck.DigestModel;
import dev.longspan.tck.DigestOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** What is read from disk stands in line for memory, and what is refused changes nothing. */
class SessionRoomTest extends OnDigestBackend {
    private static final int LETTERS = 1000;

    private long bytesOfOne() {
        try (ChatEngine measured = builder().build();
                Session session = measured.openSession()) {
            fill(session, "x");
            return session.info().bytes();
        }
    }

    private static ChatResponse fill(Session session, String text) {
        return say(session, "w".repeat(LETTERS) + "\n!say " + text);
    }

    private static ChatResponse say(Session session, String text) {
        return session.send(user(text + "\n!end").maxTokens(50).build());
    }

    private ChatEngine parking(long bytes) {
        return keep(builder()
                .maxStateBytes(bytes)
                .parkIdleSessions(folder.resolve("parked"))
                .build());
    }

    private String saved() {
        try (ChatEngine saving = builder().build();
                Session session = saving.openSession()) {
            fill(session, "saved");
            return session.save("one").id();
        }
    }

    @Test
    void sessionsAreNotParkedWhereSnapshotsAreKept() {
        FileSnapshotStore store = FileSnapshotStore.open(folder.resolve("both"));
        Path same = folder.resolve("x").resolve("..").resolve("both");
        assertThatThrownBy(() -> ChatEngine.builder().snapshots(store).parkIdleSessions(same))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("parkIdleSessions");
        assertThatThrownBy(() -> ChatEngine.builder().parkIdleSessions(same).snapshots(store))
                .isInstanceOf(InvalidRequestException.class);
        assertThatThrownBy(() -> ChatEngine.builder()
                        .model(folder)
                        .parkIdleSessions(FileSnapshotStore.defaultFolder())
                        .build())
                .hasMessageContaining("of its own");
    }

    @Test
    void aTurnThatIsRefusedForMemoryLosesNothing() {
        ChatEngine engine = keep(builder().maxStateBytes(11 * bytesOfOne() / 5).build());
        try (Session session = engine.openSession();
                Session fork = filledFork(session)) {
            SessionInfo before = session.info();
            ChatRequest large = user("!say much\n!end").maxTokens(1500).build();
            assertThatThrownBy(() -> session.send(large))
                    .isInstanceOf(ContextMemoryException.class)
                    .hasMessageContaining("1500");
            assertThat(session.info()).isEqualTo(before);
            assertThat(say(session, "!say little").usage().reusedTokens()).isGreaterThan(LETTERS);
            assertThat(say(fork, "!say other").text()).isEqualTo("other");
        }
    }

    private static Session filledFork(Session session) {
        fill(session, "one");
        return session.fork();
    }

    @Test
    void aSaveDoesNotWaitForRoomThatItNeedsNoLonger() throws Exception {
        ChatEngine engine = parking(3 * bytesOfOne() / 2);
        Session first = engine.openSession();
        fill(first, "one");
        Session second = engine.openSession();
        fill(second, "two");
        assertThat(first.info().parked()).isTrue();
        backend.gate().hold();
        ChatStream running =
                second.stream(user("!say three\n!end").maxTokens(50).build(), TurnOptions.DEFAULT);
        backend.gate().awaitWaiting(LIMIT);
        ChatStream waiting = first.stream(user("!say four\n!end").maxTokens(50).build(), TurnOptions.DEFAULT);
        CompletableFuture<SnapshotInfo> saving = CompletableFuture.supplyAsync(() -> first.save("beside"));
        while (engine.load().queued() > 0) {
            step(engine);
        }
        backend.gate().awaitWaiting(LIMIT); // the first one's turn has its state, and is held
        SnapshotInfo saved = saving.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        assertThat(saved.tokens()).isEqualTo(first.tokenIds().length);
        backend.gate().release();
        assertThat(running.await().text()).isEqualTo("three");
        assertThat(waiting.await().text()).isEqualTo("four");
    }

    @Test
    void aSnapshotWaitsForAnAnswerThatGivesItsMemoryBack() throws Exception {
        String id = saved();
        ChatEngine engine = keep(builder().maxStateBytes(3 * bytesOfOne() / 2).build());
        backend.gate().hold();
        ChatStream running = engine.stream(
                user("v".repeat(LETTERS) + "\n!say done\n!end").maxTokens(50).build());
        backend.gate().awaitWaiting(LIMIT);
        CompletableFuture<Session> loading =
                CompletableFuture.supplyAsync(() -> engine.loadSession(id, SessionOptions.DEFAULT));
        step(engine);
        step(engine);
        assertThat(loading).isNotDone();
        backend.gate().release();
        assertThat(running.await().text()).isEqualTo("done");
        try (Session loaded = loading.get(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
            assertThat(loaded.history()).hasSize(2);
        }
    }

    @Test
    void whatTheBackendAloneLimitsStandsInLineToo() {
        String id = saved();
        long room;
        DigestOptions batch = DigestOptions.defaults().withBatch(8, 64);
        try (DigestBackend asked = new DigestBackend(batch)) {
            MemoryPlan plan = asked.plan(DigestModel.spec(), new PlanOptions(8, 64, 4064, 8));
            room = plan.weights().plus(plan.workspace()).totalBytes() + 3 * bytesOfOne() / 2;
        }
        try (DigestBackend small = new DigestBackend(batch.withMemoryLimit(room));
                ChatEngine engine = builder()
                        .backend(small)
                        .parkIdleSessions(folder.resolve("parked"))
                        .build()) {
            List<Session> all = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                all.add(engine.loadSession(id, SessionOptions.DEFAULT));
            }
            long computed = small.tokensComputed();
            for (Session each : all) {
                each.save("of " + each.id());
            }
            assertThat(small.tokensComputed())
                    .as("no state was lost on the way")
                    .isEqualTo(computed);
            for (Session each : all) {
                assertThat(say(each, "!say on").usage().reusedTokens()).isGreaterThan(LETTERS);
            }
        }
    }

    @Test
    void anEngineThatIsClosedWaitsForTheSavesThatHaveBegun() throws Exception {
        for (int round = 0; round < 20; round++) {
            ChatEngine engine = builder().build();
            Session session = engine.openSession();
            fill(session, "one");
            AtomicBoolean closed = new AtomicBoolean();
            CompletableFuture<Void> saving = CompletableFuture.runAsync(() -> {
                while (!closed.get()) {
                    engine.snapshots().delete(session.save("again").id());
                }
            });
            engine.close();
            closed.set(true);
            try {
                saving.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
            } catch (ExecutionException e) {
                assertThat(e.getCause()).isInstanceOfAny(SessionClosedException.class, EngineClosedException.class);
            }
        }
    }

    private void assertClosingFreesWhatItSays(Session session) {
        long said = session.info().exclusiveBytes();
        long bytes = session.info().bytes();
        long before = backend.memory().used().totalBytes();
        session.close();
        long freed = before - backend.memory().used().totalBytes();
        assertThat(Math.abs(said - freed)).isLessThanOrEqualTo(bytes / 20);
    }

    @Test
    void sessionsThatBeganWithOneCachedPrefixCountItAsShared() {
        ChatEngine engine = keep(builder().prefixCacheBytes(1 << 20).build());
        String prefix = "p".repeat(LETTERS);
        engine.chat(user(prefix + "\n!say warm\n!end").maxTokens(50).build());
        Session one = engine.openSession();
        try (Session two = engine.openSession()) {
            for (Session each : List.of(one, two)) {
                ChatResponse answer = each.send(
                        user(prefix + "\n!say warm\n!end").maxTokens(50).build());
                assertThat(answer.usage().reusedTokens()).isGreaterThan(LETTERS / 2);
            }
            assertClosingFreesWhatItSays(one);
        }
    }

    @Test
    void sessionsOfOneLineOfPrefixesShareWhatTheyBeganWithAlsoWhenTheCacheIsEmpty() {
        ChatEngine engine = keep(builder().prefixCacheBytes(1 << 18).build());
        String first = "p".repeat(LETTERS);
        ChatRequest line = user(first + "\n!say warm\n!end").maxTokens(50).build();
        ChatResponse warm = engine.chat(line);
        ChatRequestBuilder longer = ChatRequest.builder()
                .messages(line.messages())
                .messages(List.of(warm.message(), ChatMessage.user("q".repeat(100) + "\n!say more\n!end")));
        engine.chat(longer.maxTokens(50).build());
        Session one = engine.openSession();
        try (Session two = engine.openSession()) {
            assertThat(one.send(longer.build()).usage().reusedTokens()).isGreaterThan(LETTERS);
            assertThat(two.send(line).usage().reusedTokens()).isGreaterThan(LETTERS / 2);
            for (int i = 0; i < 8; i++) { // other prompts push the line out of the cache
                engine.chat(user("z".repeat(LETTERS + i) + "\n!say " + i + "\n!end")
                        .maxTokens(50)
                        .build());
            }
            assertClosingFreesWhatItSays(one);
        }
    }

    @Test
    void aSessionThatFilledItsContextIsSavedAndLoaded() {
        ChatEngine engine = keep(builder().maxContextTokens(300).build());
        try (Session session = engine.openSession()) {
            ChatResponse answer = session.send(
                    endless().user("w".repeat(100) + "\n!loop").maxTokens(4000).build());
            assertThat(answer.finishReason()).isEqualTo(FinishReason.LENGTH);
            assertThat(session.tokenIds().length).isGreaterThan(300);
            String id = session.save("full").id();
            try (Session loaded = engine.loadSession(id, SessionOptions.DEFAULT)) {
                assertThat(loaded.tokenIds()).isEqualTo(session.tokenIds());
                loaded.resize(300);
                assertThatThrownBy(() -> loaded.send("one more")).isInstanceOf(ContextLengthException.class);
                loaded.rollback(0);
                assertThat(say(loaded, "!say on").text()).isEqualTo("on");
            }
            try (Session again = engine.openSession(
                    SessionOptions.DEFAULT,
                    ChatRequest.builder().messages(session.history()).build())) {
                assertThat(again.tokenIds()).isEqualTo(session.tokenIds());
            }
        }
    }

    @Test
    void theEnginesOwnThreadMayCloseASessionAndTheEngine() throws Exception {
        ChatEngine engine = builder().build();
        Session session = engine.openSession();
        Session other = engine.openSession();
        fill(other, "held");
        ChatStream turn = session.stream(endless().maxTokens(3000).build(), TurnOptions.DEFAULT);
        CompletableFuture<Boolean> closed = new CompletableFuture<>();
        engine.publisher(user("!say hello\n!end").build(), Runnable::run).subscribe(new Flow.Subscriber<>() {
            @Override
            public void onSubscribe(Flow.Subscription subscription) {
                subscription.request(Long.MAX_VALUE);
            }

            @Override
            public void onNext(ChatEvent event) {
                if (event instanceof ChatEvent.TextDelta) {
                    session.close();
                    engine.close();
                    closed.complete(true);
                }
            }

            @Override
            public void onError(Throwable fault) {
                // the engine is closed
            }

            @Override
            public void onComplete() {
                // or the answer was faster
            }
        });
        assertThat(closed.get(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        try {
            assertThat(turn.await().finishReason()).isEqualTo(FinishReason.CANCELLED);
        } catch (EngineClosedException e) {
            assertThat(e).as("the engine was faster than its session").isNotNull();
        }
        while (!backend.openCheckpoints().isEmpty() || backend.openStates() > 0) {
            Thread.onSpinWait();
        }
    }

    @Test
    void anEngineMayBeClosedByTwoThreadsAtOnce() throws Exception {
        for (int round = 0; round < 30; round++) {
            ChatEngine engine = builder().prefixCacheBytes(1 << 20).build();
            for (int i = 0; i < 5; i++) {
                engine.chat(user("w".repeat(100) + i + "\n!say x\n!end").build());
            }
            List<CompletableFuture<Void>> both = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                both.add(CompletableFuture.runAsync(engine::close));
            }
            for (CompletableFuture<Void> each : both) {
                each.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
            }
            assertThat(backend.openCheckpoints()).isEmpty();
        }
    }

    @Test
    void parkingIsNoUse() {
        ChatEngine engine = parking(5 * bytesOfOne() / 2);
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Session session = engine.openSession();
            ids.add(0, session.id());
            fill(session, "one");
        }
        assertThat(engine.sessions()).extracting(SessionInfo::parked).contains(true);
        assertThat(engine.sessions())
                .as("the one used last first")
                .extracting(SessionInfo::id)
                .isEqualTo(ids);
    }
}
