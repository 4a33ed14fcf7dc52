package dev.longspan;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Cancelling at every kind of moment, and more requests than the engine takes. */
class CancellationTest extends OnDigestBackend {
    private static final int POINTS = 1000;

    private final SplittableRandom random = new SplittableRandom(3);

    private ChatRequest request() {
        return switch (random.nextInt(4)) {
            case 0 ->
                user("z".repeat(random.nextInt(200)) + "\n!say some text\n!end").build();
            case 1 -> user("!think 20\n!say after thinking\n!end").build();
            case 2 ->
                user("!say calling \n!call weather city=Paris days=2\n!end")
                        .tools(List.of(WEATHER))
                        .build();
            default -> endless().build();
        };
    }

    private static boolean isIdle(ChatEngine engine) {
        EngineLoad load = engine.load();
        return load.running() == 0 && load.queued() == 0;
    }

    @Test
    void cancellingAtAnyPointEndsWithinOneStepAndGivesEverythingBack() {
        ChatEngine engine = keep(builder().prefillChunk(16).build());
        Map<FinishReason, Integer> reasons = new EnumMap<>(FinishReason.class);
        long memory = backend.memory().used().totalBytes();
        for (int i = 0; i < POINTS; i++) {
            backend.gate().hold();
            ChatStream stream = engine.stream(request());
            backend.gate().awaitWaiting(LIMIT);
            int steps = random.nextInt(200);
            for (int s = 0; s < steps && !isIdle(engine); s++) {
                step(engine);
            }
            long arrivals = backend.gate().arrivals();
            stream.cancel();
            backend.gate().release();
            ChatResponse response = stream.await();
            assertThat(backend.gate().arrivals())
                    .as("no further call of forward")
                    .isEqualTo(arrivals);
            assertThat(response.usage().completionTokens()).isLessThanOrEqualTo(steps + 1);
            assertThat(response.usage().thinkingTokens())
                    .isLessThanOrEqualTo(response.usage().completionTokens());
            assertThat(response.usage().promptTokens()).isPositive();
            assertThat(backend.openStates()).isZero();
            assertThat(backend.memory().used().totalBytes()).isEqualTo(memory);
            reasons.merge(response.finishReason(), 1, Integer::sum);
        }
        assertThat(reasons.get(FinishReason.CANCELLED)).isGreaterThan(POINTS / 4);
        assertThat(reasons).containsKeys(FinishReason.STOP, FinishReason.TOOL_CALLS);
        awaitIdle(engine);
    }

    @Test
    void cancellingWhatWaitsEndsWithinOneStepAndMovesNobodyElse() {
        ChatEngine engine = keep(builder().maxRunning(1).build());
        for (int i = 0; i < 100; i++) {
            backend.gate().hold();
            ChatStream running = engine.stream(user("!say first\n!end").build());
            backend.gate().awaitWaiting(LIMIT);
            List<ChatStream> waiting = new ArrayList<>();
            for (int n = 0; n < 3; n++) {
                waiting.add(engine.stream(user("!say later\n!end").build()));
            }
            assertThat(engine.load().queued()).isEqualTo(3);
            ChatStream cancelled = waiting.remove(random.nextInt(waiting.size()));
            cancelled.cancel();
            backend.gate().step();
            ChatResponse response = cancelled.await();
            assertThat(response.finishReason()).isEqualTo(FinishReason.CANCELLED);
            assertThat(response.usage().completionTokens()).isZero();
            backend.gate().release();
            assertThat(running.await().text()).isEqualTo("first");
            waiting.forEach(stream -> assertThat(stream.await().text()).isEqualTo("later"));
        }
        awaitIdle(engine);
    }

    @Test
    void whatWasHandedOutBeforeACancelIsTheMessage() {
        ChatEngine engine = engine();
        ChatStream stream =
                engine.stream(endless().flushPolicy(FlushPolicy.EVERY_TOKEN).build());
        StringBuilder text = new StringBuilder();
        while (text.length() < 20) {
            if (stream.next() instanceof ChatEvent.TextDelta delta) {
                text.append(delta.text());
            }
        }
        stream.cancel();
        ChatResponse response = null;
        while (stream.hasNext()) {
            ChatEvent event = stream.next();
            if (event instanceof ChatEvent.TextDelta delta) {
                text.append(delta.text());
            } else if (event instanceof ChatEvent.Completed completed) {
                response = completed.response();
            }
        }
        assertThat(response).isNotNull();
        assertThat(response.finishReason()).isEqualTo(FinishReason.CANCELLED);
        assertThat(response.text()).isEqualTo(text.toString());
    }

    /** Ten times as many callers as the engine takes, each asking again at once. */
    @Test
    void overloadBringsRefusalsWithAHintAndNothingElse() throws Exception {
        overload(Duration.ofSeconds(3));
    }

    @Tag("soak")
    @Test
    void overloadForTwentySecondsDoesTheSame() throws Exception {
        overload(Duration.ofSeconds(20));
    }

    private void overload(Duration time) throws Exception {
        int places = 4 + 8;
        ChatEngine engine = keep(builder().maxRunning(4).maxQueued(8).build());
        long end = System.nanoTime() + time.toNanos();
        List<String> failures = Collections.synchronizedList(new ArrayList<>());
        AtomicInteger answered = new AtomicInteger();
        AtomicInteger refused = new AtomicInteger();
        List<Thread> callers = new ArrayList<>();
        for (int i = 0; i < 10 * places; i++) {
            Thread caller = new Thread(() -> {
                while (System.nanoTime() < end) {
                    try {
                        String text = engine.chat(user("!say some words\n!end").build())
                                .text();
                        if (!text.equals("some words")) {
                            failures.add(text);
                        }
                        answered.incrementAndGet();
                    } catch (EngineOverloadedException e) {
                        refused.incrementAndGet();
                        if (e.retryAfter().isNegative() || e.retryAfter().isZero()) {
                            failures.add("no hint");
                        }
                        LockSupport.parkNanos(1_000_000);
                    } catch (RuntimeException e) {
                        failures.add(e.toString());
                    }
                    EngineLoad load = engine.load();
                    if (load.queued() + load.running() > places || load.running() > 4 || backend.openStates() > 4) {
                        failures.add(load.toString());
                    }
                }
            });
            callers.add(caller);
            caller.start();
        }
        for (Thread caller : callers) {
            caller.join();
        }
        assertThat(failures).isEmpty();
        assertThat(answered.get()).isPositive();
        assertThat(refused.get()).isPositive();
        awaitIdle(engine);
        assertThat(engine.chat(user("!say normal again\n!end").build()).text()).isEqualTo("normal again");
    }
}
