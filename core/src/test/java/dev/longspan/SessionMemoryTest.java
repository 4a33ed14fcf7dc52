package dev.longspan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.spi.BackendException;
import dev.longspan.spi.BackendMemoryException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

/** Sessions that share a memory too short for all of them, and threads that share a session. */
class SessionMemoryTest extends OnDigestBackend {
    private Path parked() {
        return folder.resolve("parked");
    }

    /** What a session takes after a turn with so many letters. */
    private long bytesOfOne(int letters) {
        try (ChatEngine measured = builder().build();
                Session session = measured.openSession()) {
            session.send(
                    user("w".repeat(letters) + "\n!say x\n!end").maxTokens(50).build());
            return session.info().bytes();
        }
    }

    /** An engine that has memory for so many halves of a session, and parks. */
    private ChatEngine parking(int halves, long bytesOfOne) {
        return keep(builder()
                .maxStateBytes(halves * bytesOfOne / 2)
                .parkIdleSessions(parked())
                .build());
    }

    private static ChatResponse say(Session session, String text) {
        return session.send(
                ChatRequest.builder().user(text + "\n!end").maxTokens(50).build());
    }

    @Test
    void sessionsThatOnlyFitOneAtATimeAllGetTheirTurnsAndAreNeverBusy()
            throws InterruptedException, ExecutionException, TimeoutException {
        ChatEngine engine = parking(3, bytesOfOne(1500));
        ExecutorService threads = Executors.newFixedThreadPool(3);
        List<CompletableFuture<Void>> all = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            String name = "session " + i;
            Session session = engine.openSession();
            all.add(CompletableFuture.runAsync(
                    () -> {
                        say(session, "w".repeat(1000) + "\n!say " + name);
                        for (int turn = 0; turn < 5; turn++) {
                            assertThat(say(session, "!say " + name + " " + turn).text())
                                    .isEqualTo(name + " " + turn);
                        }
                    },
                    threads));
        }
        for (CompletableFuture<Void> each : all) {
            each.get(60, TimeUnit.SECONDS);
        }
        threads.shutdown();
        assertThat(engine.sessions()).extracting(SessionInfo::messages).containsOnly(12);
        assertThat(backend.verify()).isEmpty();
    }

    @Test
    void aParkedFileThatHasChangedIsNotTakenForTheState() throws IOException {
        ChatEngine engine = parking(3, bytesOfOne(1000));
        Session first = engine.openSession();
        say(first, "w".repeat(1000) + "\n!say one");
        int[] held = first.tokenIds();
        Session second = engine.openSession();
        say(second, "v".repeat(1000) + "\n!say two");
        assertThat(first.info().parked()).isTrue();
        for (Path file : states(parked())) {
            byte[] bytes = Files.readAllBytes(file);
            bytes[bytes.length - 3] ^= 4;
            Files.write(file, bytes);
        }
        ChatResponse back = say(first, "!say three");
        assertThat(back.text()).isEqualTo("three");
        assertThat(back.usage().reusedTokens()).as("computed again").isZero();
        assertThat(first.tokenIds()).startsWith(held);
        assertThat(backend.verify()).isEmpty();
    }

    @Test
    void aSnapshotIsLoadedOnlyIfThereIsRoomAndIdleSessionsMakeIt() {
        long one = bytesOfOne(1000);
        ChatEngine saving = engine();
        String id;
        try (Session session = saving.openSession()) {
            say(session, "w".repeat(1000) + "\n!say x");
            id = session.save("one").id();
        }
        ChatEngine small = keep(builder().maxStateBytes(3 * one / 2).build());
        Session held = small.loadSession(id, SessionOptions.DEFAULT);
        assertThatThrownBy(() -> small.loadSession(id, SessionOptions.DEFAULT))
                .isInstanceOf(BackendMemoryException.class)
                .hasMessageContaining("maxStateBytes");
        assertThat(small.sessions()).hasSize(1);
        held.close();
        ChatEngine parking = parking(3, one);
        for (int i = 0; i < 4; i++) {
            parking.loadSession(id, SessionOptions.DEFAULT);
        }
        assertThat(parking.sessions()).filteredOn(SessionInfo::parked).hasSizeGreaterThanOrEqualTo(2);
        assertThat(parking.sessions()).extracting(SessionInfo::messages).containsOnly(2);
    }

    @Test
    void aTurnThatFailsDoesNotEndTheTimeOfTheOneThatWaitedForIt() throws Exception {
        ChatEngine engine = engine();
        TurnOptions patient = TurnOptions.DEFAULT.withPatience(Duration.ofSeconds(20));
        try (Session session = engine.openSession()) {
            ExecutorService threads = Executors.newFixedThreadPool(4);
            List<CompletableFuture<Void>> all = new ArrayList<>();
            for (int thread = 0; thread < 4; thread++) {
                boolean fails = thread == 0;
                all.add(CompletableFuture.runAsync(
                        () -> {
                            for (int i = 0; i < 50; i++) {
                                if (fails) {
                                    backend.failNextRun(run -> true, "no");
                                }
                                try {
                                    session.append(ChatRequest.of("read " + i), patient);
                                } catch (BackendException e) {
                                    assertThat(e).hasMessageContaining("no");
                                }
                            }
                        },
                        threads));
            }
            for (CompletableFuture<Void> each : all) {
                each.get(60, TimeUnit.SECONDS);
            }
            threads.shutdown();
            assertThat(session.info().busy()).isFalse();
            assertThat(session.info().sequence()).isEqualTo(session.history().size());
        }
        assertThat(backend.verify()).isEmpty();
    }

    @Test
    void whatAForkHoldsIsNotExclusiveAfterItsSourceWasRolledBack() {
        ChatEngine engine = engine();
        try (Session session = engine.openSession();
                Session other = engine.openSession()) {
            say(session, "w".repeat(1000) + "\n!say one");
            try (Session fork = session.fork()) {
                long together = fork.info().exclusiveBytes();
                session.rollback(0);
                assertThat(fork.info().exclusiveBytes())
                        .isGreaterThan(together)
                        .isEqualTo(fork.info().bytes());
                assertThat(session.info().bytes()).isZero();
            }
            assertThat(other.info().bytes()).isZero();
        }
    }

    @Test
    void whatComesBackFromDiskIsSharedWithNobody() {
        ChatEngine engine = parking(5, bytesOfOne(1000));
        Session source = engine.openSession();
        say(source, "w".repeat(1000) + "\n!say one");
        Session fork = source.fork();
        assertThat(fork.info().exclusiveBytes()).isLessThan(fork.info().bytes());
        Session other = engine.openSession();
        say(other, "v".repeat(1000) + "\n!say other");
        Session more = engine.openSession();
        say(more, "u".repeat(1000) + "\n!say more");
        assertThat(List.of(source.info(), fork.info())).anyMatch(SessionInfo::parked);
        for (Session each : List.of(source, fork)) {
            say(each, "!say back");
            assertThat(each.info().exclusiveBytes()).isEqualTo(each.info().bytes());
        }
    }

    @Test
    void aCallerThatIsInterruptedLosesNoParkedState() {
        ChatEngine engine = parking(3, bytesOfOne(1000));
        Session first = engine.openSession();
        say(first, "w".repeat(1000) + "\n!say one");
        Session second = engine.openSession();
        say(second, "v".repeat(1000) + "\n!say two");
        assertThat(first.info().parked()).isTrue();
        Thread.currentThread().interrupt();
        try (ChatStream stream =
                first.stream(user("!say three\n!end").maxTokens(50).build(), TurnOptions.DEFAULT)) {
            assertThat(Thread.interrupted()).as("still told to stop").isTrue();
            assertThat(stream.await().usage().reusedTokens()).isGreaterThan(1000);
        }
    }

    @Test
    void cachedPrefixesGiveWayToASnapshot() {
        long one = bytesOfOne(1000);
        String id;
        try (ChatEngine saving = builder().build();
                Session session = saving.openSession()) {
            say(session, "w".repeat(1000) + "\n!say x");
            id = session.save("one").id();
        }
        ChatEngine engine =
                keep(builder().maxStateBytes(2 * one).prefixCacheBytes(2 * one).build());
        engine.chat(user("v".repeat(1000) + "\n!say y\n!end").maxTokens(50).build());
        try (Session loaded = engine.loadSession(id, SessionOptions.DEFAULT)) {
            assertThat(loaded.history()).hasSize(2);
        }
    }

    @Test
    void aTurnWhoseStateIsOfNoUseToItComputesEverythingInItsPlace() {
        ChatEngine engine = parking(3, bytesOfOne(1000));
        try (Session session = engine.openSession()) {
            say(session, "w".repeat(1000) + "\n!say one");
            ChatResponse other = session.send(
                    user("!say two\n!end").tools(List.of(WEATHER)).maxTokens(50).build());
            assertThat(other.text()).isEqualTo("two");
            assertThat(session.info().messages()).isEqualTo(4);
            assertThat(session.save("after it").tokens()).isEqualTo(session.tokenIds().length);
        }
        assertThat(backend.verify()).isEmpty();
    }

    @Test
    void turnsThatDoNotFitTogetherComeInTheOrderOfTheirArrival() {
        long one = bytesOfOne(1000);
        List<Integer> ended = Collections.synchronizedList(new ArrayList<>());
        ChatEngine engine = keep(builder()
                .maxStateBytes(3 * one / 2)
                .parkIdleSessions(parked())
                .listener(new EngineListener() {
                    @Override
                    public void requestCompleted(FinishReason reason, TokenUsage usage, Timing timing) {
                        ended.add(usage.completionTokens());
                    }
                })
                .build());
        List<Session> sessions = List.of(engine.openSession(), engine.openSession(), engine.openSession());
        for (Session session : sessions) {
            say(session, "w".repeat(1000) + "\n!say ready");
        }
        awaitIdle(engine);
        ended.clear();
        backend.gate().hold();
        List<ChatStream> streams = new ArrayList<>();
        for (int i : new int[] {1, 0, 2}) {
            ChatRequest request =
                    user("!say " + "x".repeat(1 + i) + "\n!end").maxTokens(50).build();
            streams.add(sessions.get(i).stream(request, TurnOptions.DEFAULT));
        }
        backend.gate().release();
        streams.forEach(ChatStream::await);
        awaitIdle(engine);
        int shortest = Collections.min(ended);
        assertThat(ended).containsExactly(shortest + 1, shortest, shortest + 2);
    }

    @Test
    void theFolderOfParkedSessionsBelongsToOneEngine() throws IOException {
        long one = bytesOfOne(1000);
        ChatEngine engine = parking(3, one);
        Session first = engine.openSession();
        say(first, "w".repeat(1000) + "\n!say one");
        say(engine.openSession(), "v".repeat(1000) + "\n!say two");
        assertThat(first.info().parked()).isTrue();
        List<Path> states = states(parked());
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> parking(3, one))
                    .isInstanceOf(SnapshotStoreException.class)
                    .hasMessageStartingWith(parked() + ": cannot be used for parked sessions: another engine");
        }
        assertThat(states(parked())).isEqualTo(states).isNotEmpty();
        assertThat(say(first, "!say back").usage().reusedTokens()).isPositive();
        engine.close();
        parking(3, one);
    }

    @Test
    void aParkedStateThatCannotBeReadIsComputedAgainForASaveAndTheHistoryStays() throws IOException {
        ChatEngine engine = parking(3, bytesOfOne(1000));
        Session first = engine.openSession();
        say(first, "w".repeat(1000) + "\n!say one");
        SessionInfo before = first.info();
        say(engine.openSession(), "v".repeat(1000) + "\n!say two");
        assertThat(first.info().parked()).isTrue();
        for (Path file : states(parked())) {
            Files.write(file, new byte[] {1, 2, 3});
        }
        SnapshotInfo saved = first.save("again");
        assertThat(saved.tokens()).isEqualTo(first.tokenIds().length);
        assertThat(first.info().sequence()).isEqualTo(before.sequence());
        assertThat(first.info().lastTurn()).isEqualTo(before.lastTurn());
        assertThat(backend.verify()).isEmpty();
    }

    @Test
    void whatIsComputedAgainIsWhatWasCommittedWhateverTheTemplateMakesOfItNow() throws IOException {
        Path template = folder.resolve("chat_template.jinja");
        Files.writeString(template, "{{ names if names is defined else '' }}" + Files.readString(template));
        ChatEngine engine = parking(3, bytesOfOne(1000));
        Session first = engine.openSession();
        List<String> names = new ArrayList<>(List.of("a"));
        first.send(user("w".repeat(1000) + "\n!say one\n!end")
                .maxTokens(50)
                .templateArgument("names", names)
                .build());
        int[] held = first.tokenIds();
        names.set(0, "changed by the caller");
        say(engine.openSession(), "v".repeat(1000) + "\n!say two");
        assertThat(first.info().parked()).isTrue();
        for (Path file : states(parked())) {
            Files.write(file, new byte[] {1});
        }
        assertThat(first.save("again").tokens()).isEqualTo(held.length);
        assertThat(first.tokenIds()).isEqualTo(held);
    }

    @Test
    void whatATurnHoldsForItsTimeIsNoOtherSessions() {
        ChatEngine engine = engine();
        try (Session session = engine.openSession()) {
            say(session, "w".repeat(1000) + "\n!say one");
            SessionInfo before = session.info();
            backend.gate().hold();
            ChatStream running = session.stream("!say two\n!end");
            backend.gate().awaitWaiting(LIMIT);
            assertThat(session.info().busy()).isTrue();
            assertThat(session.info().exclusiveBytes())
                    .isEqualTo(before.exclusiveBytes())
                    .isEqualTo(before.bytes());
            backend.gate().release();
            assertThat(running.await().text()).isEqualTo("two");
        }
    }

    @Test
    void aSnapshotWaitsForARunningTurnWhoseSessionCanBeParkedThen() throws Exception {
        long one = bytesOfOne(1000);
        String id;
        try (ChatEngine saving = builder().build();
                Session session = saving.openSession()) {
            say(session, "w".repeat(1000) + "\n!say x");
            id = session.save("one").id();
        }
        ChatEngine engine = parking(3, one);
        Session session = engine.openSession();
        say(session, "v".repeat(1000) + "\n!say y");
        backend.gate().hold();
        ChatStream running = session.stream(user("!say on\n!end").maxTokens(50).build(), TurnOptions.DEFAULT);
        backend.gate().awaitWaiting(LIMIT);
        CompletableFuture<Session> loading =
                CompletableFuture.supplyAsync(() -> engine.loadSession(id, SessionOptions.DEFAULT));
        for (int i = 0; i < 3; i++) {
            step(engine);
        }
        assertThat(loading).isNotDone();
        assertThat(session.info().busy()).isTrue();
        backend.gate().release();
        assertThat(running.await().text()).isEqualTo("on");
        assertThat(loading.get(20, TimeUnit.SECONDS).history()).hasSize(2);
        assertThat(session.info().parked()).isTrue();
        assertThat(say(session, "!say back").text()).isEqualTo("back");
    }
}
