package dev.longspan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.tck.AssertingBackend;
import dev.longspan.tck.DigestBackend;
import dev.longspan.tck.DigestModel;
import dev.longspan.tck.DigestOptions;
import dev.longspan.tck.TemplateKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Engines on a digest backend, whose answers are known from the ids alone; all states must be closed at the end. */
@Timeout(120)
abstract class OnDigestBackend {
    static final Duration LIMIT = Duration.ofSeconds(20);

    static final ToolSpecification WEATHER = new ToolSpecification(
            "weather", "tells it", "{\"type\": \"object\", \"properties\": {\"days\": {\"type\": \"integer\"}}}");

    @TempDir
    Path folder;

    final DigestBackend backend = new DigestBackend(options());
    /** The backend as the engines see it. */
    final AssertingBackend watched = new AssertingBackend(backend);

    private final List<ChatEngine> engines = new ArrayList<>();

    DigestOptions options() {
        return DigestOptions.defaults().withBatch(8, 64);
    }

    @BeforeEach
    void writeStableModel() throws IOException {
        write(TemplateKind.STABLE);
    }

    @AfterEach
    void closeEverything() {
        backend.gate().release();
        if (engines.stream().allMatch(engine -> engine.load().equals(new EngineLoad(0, 0, 0)))) {
            assertThat(backend.openStates())
                    .as("states of answers that have ended")
                    .isZero();
        }
        engines.forEach(ChatEngine::close);
        assertThat(backend.openCheckpoints()).as("checkpoints left open").isEmpty();
        assertThat(watched.violations()).isEmpty();
        backend.close();
    }

    void write(TemplateKind template) throws IOException {
        DigestModel.writeTo(folder, template);
    }

    ChatEngineBuilder builder() {
        return ChatEngine.builder()
                .model(folder)
                .backend(watched)
                .maxContextTokens(4000)
                .prefixCacheBytes(0)
                .snapshots(FileSnapshotStore.open(folder.resolve("snapshots")));
    }

    ChatEngine engine() {
        return keep(builder().build());
    }

    ChatEngine keep(ChatEngine engine) {
        engines.add(engine);
        return engine;
    }

    /** The parked states in a folder, in which the engine's lock lies, too. */
    static List<Path> states(Path parked) throws IOException {
        try (Stream<Path> files = Files.list(parked)) {
            return files.filter(file -> file.toString().endsWith(".parked")).toList();
        }
    }

    /** The end of an answer is told a moment before the engine is done with it. */
    void awaitIdle(ChatEngine engine) {
        while (!engine.load().equals(new EngineLoad(0, 0, 0)) || backend.openStates() > 0) {
            Thread.onSpinWait();
        }
    }

    /** Lets one call of forward go, and waits until the next has come, or nothing is left to do. */
    void step(ChatEngine engine) {
        long arrivals = backend.gate().arrivals();
        backend.gate().step();
        while (backend.gate().arrivals() == arrivals && !engine.load().equals(new EngineLoad(0, 0, 0))) {
            Thread.onSpinWait();
        }
    }

    static ChatRequestBuilder user(String text) {
        return ChatRequest.builder().user(text);
    }

    static ChatRequestBuilder endless() {
        return user("!loop").repetition(RepetitionSettings.DEFAULT.with(Map.of("enabled", false)));
    }

    static List<ChatEvent> events(ChatEngine engine, ChatRequest request) {
        List<ChatEvent> events = new ArrayList<>();
        try (ChatStream stream = engine.stream(request)) {
            stream.forEachRemaining(events::add);
        }
        return events;
    }
}
