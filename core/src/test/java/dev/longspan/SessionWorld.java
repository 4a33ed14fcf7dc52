package dev.longspan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.LongspanException;
import dev.longspan.tck.AssertingBackend;
import dev.longspan.tck.DigestBackend;
import dev.longspan.tck.DigestModel;
import dev.longspan.tck.DigestOptions;
import dev.longspan.tck.TemplateKind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;

/**
 * An engine with sessions, and a plain model of what they must hold: messages, and what they were rendered with. Operations change
 * both; {@link #check} compares them. One thread.
 */
final class SessionWorld implements AutoCloseable {
    private static final ToolSpecification WEATHER = new ToolSpecification(
            "weather", "tells it", "{\"type\": \"object\", \"properties\": {\"days\": {\"type\": \"integer\"}}}");
    private static final int MOST_SESSIONS = 4;
    private static final int CONTEXT = 1500;

    private final Path folder;
    private final Random random;
    private final boolean parks;
    private final long cacheBytes;
    final DigestBackend backend = new DigestBackend(DigestOptions.defaults().withBatch(8, 256));
    private final AssertingBackend watched = new AssertingBackend(backend);
    private final List<Open> sessions = new ArrayList<>();
    private final Map<String, Expected> saved = new HashMap<>();
    private ChatEngine engine;

    /** What a session must hold. */
    private record Expected(List<ChatMessage> messages, List<Turn> turns, long sequence) {
        static final Expected EMPTY = new Expected(List.of(), List.of(), 0);

        Settings settings() {
            return turns.isEmpty() ? Settings.NONE : turns.get(turns.size() - 1).settings();
        }

        Expected plus(List<ChatMessage> more, Settings settings) {
            List<ChatMessage> all = new ArrayList<>(messages);
            all.addAll(more);
            return with(all, settings);
        }

        Expected with(List<ChatMessage> all, Settings settings) {
            List<Turn> kept = new ArrayList<>(turns);
            kept.removeIf(turn -> turn.messages() >= all.size());
            kept.add(new Turn(all.size(), settings));
            return new Expected(List.copyOf(all), kept, sequence + 1);
        }

        /** The same in the place of what had another number: no number comes twice. */
        Expected after(long other) {
            return new Expected(messages, turns, Math.max(sequence, other) + 1);
        }
    }

    private record Turn(int messages, Settings settings) {}

    private record Settings(boolean tools, boolean keepThinking) {
        static final Settings NONE = new Settings(false, false);

        ChatRequestBuilder apply(ChatRequestBuilder request) {
            return (tools ? request.tools(List.of(WEATHER)) : request).thinkingKept(keepThinking);
        }
    }

    private static final class Open {
        final Session session;
        Expected expected;

        Open(Session session, Expected expected) {
            this.session = session;
            this.expected = expected;
        }
    }

    SessionWorld(TemplateKind template, long seed) {
        random = new Random(seed);
        parks = random.nextBoolean();
        cacheBytes = random.nextBoolean() ? 0 : 200_000;
        try {
            folder = Files.createTempDirectory("world");
            DigestModel.writeTo(folder, template);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        engine = openEngine();
    }

    private ChatEngine openEngine() {
        ChatEngineBuilder builder = ChatEngine.builder()
                .model(folder)
                .backend(watched)
                .maxContextTokens(CONTEXT)
                .prefillChunk(1 + random.nextInt(100))
                .prefixCacheBytes(cacheBytes)
                .snapshots(FileSnapshotStore.open(folder.resolve("snapshots")));
        return parks
                ? builder.maxStateBytes(600_000)
                        .parkIdleSessions(folder.resolve("parked"))
                        .build()
                : builder.build();
    }

    private Open any() {
        if (sessions.isEmpty()) {
            sessions.add(new Open(engine.openSession(), Expected.EMPTY));
        }
        return sessions.get(random.nextInt(sessions.size()));
    }

    private Settings settings(Open open) {
        return random.nextInt(4) > 0
                ? open.expected.settings()
                : new Settings(random.nextBoolean(), random.nextBoolean());
    }

    private String script(Settings settings) {
        String think = random.nextInt(3) == 0 ? "!think " + (1 + random.nextInt(12)) + "\n" : "";
        String say =
                random.nextInt(4) == 0 ? "" : "!say " + "word ".repeat(random.nextInt(6)) + random.nextInt(99) + "\n";
        String call = settings.tools() && random.nextInt(3) == 0 ? "!call weather days=2\n" : "";
        return random.nextInt(8) == 0 ? "free " + random.nextInt() : think + say + call + "!end";
    }

    private static ChatRequest turn(Settings settings, String text) {
        return settings.apply(ChatRequest.builder().user(text)).maxTokens(60).build();
    }

    private static boolean hasRoom(Open open) {
        return open.session.tokenIds().length < CONTEXT - 500;
    }

    private void answered(Open open, ChatRequest request, Settings settings, ChatMessage.AssistantMessage answer) {
        List<ChatMessage> more = new ArrayList<>(request.messages());
        more.add(settings.keepThinking() ? answer : answer.withoutThinking());
        open.expected = open.expected.plus(more, settings);
    }

    void send() {
        Open open = any();
        if (!hasRoom(open)) {
            rollback();
            return;
        }
        Settings settings = settings(open);
        ChatRequest request = turn(settings, script(settings));
        answered(open, request, settings, open.session.send(request).message());
    }

    void cancel() {
        Open open = any();
        if (!hasRoom(open)) {
            return;
        }
        Settings settings = settings(open);
        ChatRequest request = settings.apply(ChatRequest.builder()
                        .user(random.nextBoolean() ? "!loop" : script(settings))
                        .flushPolicy(FlushPolicy.EVERY_TOKEN))
                .maxTokens(100)
                .build();
        boolean keep = random.nextBoolean();
        TurnOptions options =
                keep ? TurnOptions.DEFAULT : TurnOptions.DEFAULT.withCancelled(TurnOptions.Cancelled.DISCARD);
        int events = random.nextInt(30);
        StringBuilder text = new StringBuilder();
        StringBuilder thinking = new StringBuilder();
        List<ToolCall> calls = new ArrayList<>();
        long before = open.session.info().sequence();
        try (ChatStream stream = open.session.stream(request, options)) {
            for (int i = 0; i < events && stream.hasNext(); i++) {
                ChatEvent event = stream.next();
                if (event instanceof ChatEvent.TextDelta delta) {
                    text.append(delta.text());
                } else if (event instanceof ChatEvent.ThinkingDelta delta) {
                    thinking.append(delta.text());
                } else if (event instanceof ChatEvent.ToolCallReady ready) {
                    calls.add(ready.call());
                } else if (event instanceof ChatEvent.Completed completed) {
                    answered(open, request, settings, completed.response().message());
                    return;
                }
            }
        }
        if (open.session.info().sequence() == before) {
            assertThat(keep && (text.length() > 0 || !calls.isEmpty()))
                    .as("taken back")
                    .isFalse();
            return;
        }
        ChatMessage.AssistantMessage last = (ChatMessage.AssistantMessage)
                open.session.history().get(open.session.history().size() - 1);
        // the answer may have ended by itself before the stream was closed: then all of it is there
        assertThat(last.text()).startsWith(text.toString());
        answered(
                open,
                request,
                settings,
                new ChatMessage.AssistantMessage(last.text(), last.thinking(), last.toolCalls()));
    }

    void append() {
        Open open = any();
        if (!hasRoom(open)) {
            return;
        }
        List<ChatMessage> more = new ArrayList<>();
        for (int i = 0; i <= random.nextInt(3); i++) {
            more.add(random.nextBoolean() ? ChatMessage.user("note " + i) : ChatMessage.assistant("noted " + i));
        }
        if (random.nextBoolean()) {
            open.session.append(more);
            open.expected = open.expected.plus(more, open.expected.settings());
        } else {
            Settings settings = settings(open);
            open.session.append(
                    settings.apply(ChatRequest.builder().messages(more)).build(), TurnOptions.DEFAULT);
            open.expected = open.expected.plus(more, settings);
        }
    }

    void fail() {
        Open open = any();
        Settings settings = settings(open);
        String text = "!say half\n!end";
        switch (random.nextInt(5)) {
            case 0 -> text = "!say half\n!fail";
            case 1 -> text = "x".repeat(CONTEXT + 10);
            case 2 -> {
                settings = new Settings(true, settings.keepThinking());
                text = "!say <tool_call>broken</tool_call>\n!end";
            }
            case 3 -> backend.failNextForward(new IllegalStateException("injected"));
            default -> backend.failNextRun(run -> true, "injected");
        }
        ChatRequest request = turn(settings, text);
        refused(() -> open.session.send(request));
    }

    private static void refused(Runnable turn) {
        try {
            turn.run();
        } catch (LongspanException e) {
            return;
        }
        throw new AssertionError("expected a refusal");
    }

    void rollback() {
        Open open = any();
        int keep = random.nextInt(open.expected.messages().size() + 1);
        Settings settings = Settings.NONE;
        for (int i = open.expected.turns().size() - 1; i >= 0; i--) {
            Turn turn = open.expected.turns().get(i);
            settings = turn.settings();
            if (turn.messages() <= keep) {
                break;
            }
        }
        open.session.rollback(keep);
        open.expected = open.expected.with(open.expected.messages().subList(0, keep), settings);
    }

    void again() {
        Open open = any();
        List<ChatMessage> messages = open.expected.messages();
        if (messages.isEmpty() || !hasRoom(open)) {
            return;
        }
        if (!(messages.get(messages.size() - 1) instanceof ChatMessage.UserMessage)) {
            refused(() -> open.session.send(ChatRequest.again().build()));
            return;
        }
        Settings settings = settings(open);
        ChatRequest request = settings.apply(ChatRequest.again()).maxTokens(60).build();
        answered(open, request, settings, open.session.send(request).message());
    }

    void resize() {
        Open open = any();
        int held = open.session.tokenIds().length;
        refused(() -> open.session.resize(held - 1));
        open.session.resize(CONTEXT);
    }

    void fork() {
        Open open = any();
        if (sessions.size() < MOST_SESSIONS) {
            sessions.add(new Open(
                    open.session.fork(),
                    new Expected(open.expected.messages(), open.expected.turns(), open.expected.sequence())));
        }
    }

    void save() {
        Open open = any();
        if (open.session.tokenIds().length > 0) {
            saved.put(open.session.save("saved").id(), open.expected);
        } else {
            refused(() -> open.session.save("nothing"));
        }
    }

    void load() {
        if (saved.isEmpty()) {
            return;
        }
        List<String> ids = saved.keySet().stream().sorted().toList();
        String id = ids.get(random.nextInt(ids.size()));
        if (random.nextBoolean() && !sessions.isEmpty()) {
            Open open = any();
            open.session.load(id);
            open.expected = saved.get(id).after(open.expected.sequence());
        } else if (sessions.size() < MOST_SESSIONS) {
            sessions.add(new Open(engine.loadSession(id, SessionOptions.DEFAULT), saved.get(id)));
        }
        refused(() -> any().session.load("nothing"));
    }

    void closeOne() {
        Open open = any();
        open.session.close();
        sessions.remove(open);
        refused(() -> open.session.send("x"));
    }

    void concurrent() {
        Open open = any();
        if (!hasRoom(open)) {
            return;
        }
        Settings settings = settings(open);
        ChatRequest request = turn(settings, script(settings));
        long arrivals = backend.gate().arrivals();
        backend.gate().hold();
        ChatStream stream = open.session.stream(request, TurnOptions.DEFAULT);
        while (backend.gate().waiting() == 0 && backend.gate().arrivals() == arrivals) {
            Thread.onSpinWait();
        }
        refused(() -> open.session.send("second"));
        refused(() -> open.session.rollback(0));
        assertThat(open.session.history()).isEqualTo(open.expected.messages());
        backend.gate().release();
        try (stream) {
            answered(open, request, settings, stream.await().message());
        }
    }

    void restart() {
        engine.close();
        assertThat(backend.openStates()).isZero();
        assertThat(backend.openCheckpoints()).isEmpty();
        sessions.clear();
        engine = openEngine();
        saved.forEach((id, expected) -> {
            if (sessions.size() < 2) {
                sessions.add(new Open(engine.loadSession(id, SessionOptions.DEFAULT), expected));
            }
        });
    }

    /** Every session holds what it must, and what reading its history afresh gives. */
    void check() {
        while (true) {
            try {
                checkOnce();
                return;
            } catch (IllegalStateException e) {
                assertThat(parks && String.valueOf(e.getMessage()).contains("closed"))
                        .as("a session was parked while it was looked at: " + e)
                        .isTrue();
            }
        }
    }

    private void checkOnce() {
        assertThat(backend.verify()).isEmpty();
        List<Checkpoint> open = backend.openCheckpoints();
        for (Open each : sessions) {
            int[] ids = each.session.tokenIds();
            assertThat(each.session.history()).isEqualTo(each.expected.messages());
            SessionInfo info = each.session.info();
            assertThat(info.busy()).isFalse();
            assertThat(info.sequence()).isEqualTo(each.expected.sequence());
            assertThat(info.checkpoints()).isLessThanOrEqualTo(12);
            if (ids.length > 0 && !info.parked()) {
                long digest = DigestModel.digest(ids);
                assertThat(open)
                        .as("the state of the session's head")
                        .anyMatch(checkpoint ->
                                checkpoint.length() == ids.length && DigestModel.digest(checkpoint) == digest);
            }
            if (!each.expected.messages().isEmpty()) {
                ChatRequestBuilder history = ChatRequest.builder().messages(each.expected.messages());
                try (Session fresh = engine.openSession()) {
                    fresh.append(each.expected.settings().apply(history).build(), TurnOptions.DEFAULT);
                    assertThat(ids).isEqualTo(fresh.tokenIds());
                }
            } else {
                assertThat(ids).isEmpty();
            }
        }
    }

    @Override
    public void close() {
        backend.gate().release();
        engine.close();
        assertThat(backend.openStates()).isZero();
        assertThat(backend.openCheckpoints()).isEmpty();
        assertThat(watched.violations()).isEmpty();
        backend.close();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
