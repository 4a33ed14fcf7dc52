package dev.longspan.clients;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.ChatEngine;
import dev.longspan.EngineLoad;
import dev.longspan.FileSnapshotStore;
import dev.longspan.http.HttpAdapter;
import dev.longspan.http.HttpAdapterBuilder;
import dev.longspan.tck.DigestBackend;
import dev.longspan.tck.DigestModel;
import dev.longspan.tck.DigestOptions;
import dev.longspan.tck.TemplateKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A server on a digest backend, whose answers are a script in the last message. */
@Timeout(300)
abstract class WithServer {
    static final String KEY = "a-key-for-clients";

    @TempDir
    Path folder;

    final DigestBackend backend = new DigestBackend(DigestOptions.defaults().withBatch(16, 256));
    ChatEngine engine;
    HttpAdapter server;

    HttpAdapterBuilder configure(HttpAdapterBuilder builder) {
        return builder.apiKey(KEY);
    }

    @BeforeEach
    void start() throws IOException {
        DigestModel.writeTo(Files.createDirectories(folder.resolve("digest")), TemplateKind.STABLE);
        engine = newEngine();
        server = configure(HttpAdapter.builder().engine(engine).port(0)).start();
    }

    ChatEngine newEngine() {
        return ChatEngine.builder()
                .model(folder.resolve("digest"))
                .backend(backend)
                .maxContextTokens(8000)
                .snapshots(FileSnapshotStore.open(folder.resolve("snapshots")))
                .build();
    }

    @AfterEach
    void stop() {
        backend.gate().release();
        server.stop(Duration.ofSeconds(10));
        engine.close();
        assertThat(backend.openStates()).isZero();
        assertThat(backend.openCheckpoints()).isEmpty();
        backend.close();
    }

    void awaitIdle() {
        while (!engine.load().equals(new EngineLoad(0, 0, 0))) {
            Thread.onSpinWait();
        }
    }

    String base() {
        return server.address().resolve("/v1").toString();
    }
}
