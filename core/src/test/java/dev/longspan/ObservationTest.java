package dev.longspan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.spi.LongspanException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an engine tells of its work. */
class ObservationTest extends OnDigestBackend {
    /** Writes down all that it is told. */
    private static final class Diary implements EngineListener {
        final List<String> entries = Collections.synchronizedList(new ArrayList<>());
        final AtomicLong tokens = new AtomicLong();

        @Override
        public void requestQueued(int promptTokens) {
            entries.add("queued " + promptTokens);
        }

        @Override
        public void requestRefused(LongspanException reason) {
            entries.add("refused " + reason.getClass().getSimpleName());
        }

        @Override
        public void requestStarted(Duration queued) {
            assertThat(queued).isGreaterThanOrEqualTo(Duration.ZERO);
            entries.add("started");
        }

        @Override
        public void stepComputed(int runs, int count, Duration duration) {
            assertThat(runs).isPositive();
            assertThat(duration).isGreaterThanOrEqualTo(Duration.ZERO);
            tokens.addAndGet(count);
        }

        @Override
        public void requestCompleted(FinishReason reason, TokenUsage usage, Timing timing) {
            assertThat(timing.total()).isGreaterThanOrEqualTo(timing.queue());
            entries.add("completed " + reason + " " + usage.completionTokens());
        }

        @Override
        public void requestFailed(LongspanException error, TokenUsage usage) {
            entries.add("failed " + error.getClass().getSimpleName() + " " + usage.promptTokens());
        }
    }

    @Test
    void aListenerHearsEveryRequestFromItsStartToItsEnd() {
        Diary diary = new Diary();
        ChatEngine engine =
                keep(builder().maxRunning(1).maxQueued(1).listener(diary).build());
        int prompt = engine.countTokens(ChatRequest.of("!say abc\n!end"));
        engine.chat(ChatRequest.of("!say abc\n!end"));
        awaitIdle(engine);
        assertThat(diary.entries).containsExactly("queued " + prompt, "started", "completed STOP 4");
        assertThat(diary.tokens).as("each token but the last is read").hasValue(prompt + 3);
        diary.entries.clear();

        assertThatThrownBy(() -> engine.chat(ChatRequest.of("!fail"))).isNotNull();
        awaitIdle(engine);
        assertThat(diary.entries).hasSize(3).last().asString().startsWith("failed BackendException");
        diary.entries.clear();

        backend.gate().hold();
        ChatStream running = engine.stream(ChatRequest.of("!loop"));
        backend.gate().awaitWaiting(LIMIT);
        ChatStream waiting = engine.stream(ChatRequest.of("!loop"));
        assertThatThrownBy(() -> engine.stream(ChatRequest.of("!loop"))).isInstanceOf(EngineOverloadedException.class);
        waiting.cancel();
        running.cancel();
        backend.gate().release();
        running.await();
        waiting.await();
        awaitIdle(engine);
        assertThat(diary.entries)
                .contains("refused EngineOverloadedException")
                .filteredOn(entry -> entry.startsWith("completed CANCELLED "))
                .hasSize(2);
    }

    @Test
    void whatAListenerThrowsChangesNothing() {
        ChatEngine engine = keep(builder()
                .listener(new EngineListener() {
                    @Override
                    public void requestQueued(int promptTokens) {
                        throw new IllegalStateException("a defect of the application");
                    }

                    @Override
                    public void stepComputed(int runs, int tokens, Duration duration) {
                        throw new AssertionError("another");
                    }
                })
                .build());
        assertThat(engine.chat(ChatRequest.of("!say fine\n!end")).text()).isEqualTo("fine");
    }

    @Test
    void theFlightRecorderHasRequestsAndSteps(@TempDir Path recordings) throws IOException {
        Path file = recordings.resolve("engine.jfr");
        try (Recording recording = new Recording()) {
            recording.enable("dev.longspan.Request");
            recording.enable("dev.longspan.Step");
            recording.start();
            ChatEngine engine = engine();
            engine.chat(ChatRequest.of("!say abc\n!end"));
            assertThatThrownBy(() -> engine.chat(ChatRequest.of("!fail"))).isNotNull();
            recording.stop();
            recording.dump(file);
        }
        List<RecordedEvent> events = RecordingFile.readAllEvents(file);
        assertThat(events)
                .filteredOn(event -> event.getEventType().getName().equals("dev.longspan.Request"))
                .extracting(event -> event.getString("outcome"))
                .containsExactly("STOP", "BackendException");
        assertThat(events)
                .filteredOn(event -> event.getEventType().getName().equals("dev.longspan.Step"))
                .hasSizeGreaterThan(4)
                .allMatch(event -> event.getInt("runs") == 1 && event.getInt("tokens") > 0);
    }

    @Test
    void timesAreInOrderAndDecodeEndsWithTheLastToken() {
        Timing timing = engine().chat(ChatRequest.of("!say abc\n!end")).timing();
        assertThat(timing.queue().plus(timing.prefill()).plus(timing.decode())).isLessThanOrEqualTo(timing.total());
        assertThat(timing.timeToFirstToken())
                .isGreaterThanOrEqualTo(timing.queue().plus(timing.prefill()));
        assertThat(timing.tokensPerSecond()).isPositive();
    }
}
