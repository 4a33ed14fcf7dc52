package dev.longspan.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.ChatEngine;
import dev.longspan.ChatRequest;
import dev.longspan.FileSnapshotStore;
import dev.longspan.Session;
import dev.longspan.SessionOptions;
import dev.longspan.SnapshotInfo;
import dev.longspan.TurnInfo;
import dev.longspan.tck.DigestBackend;
import dev.longspan.tck.DigestModel;
import dev.longspan.tck.TemplateKind;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What one process saves, another goes on with, and computes nothing again. */
@Timeout(120)
class AnotherProcessTest {
    @TempDir
    Path folder;

    /** The process that saves. */
    static final class Saving {
        private Saving() {}

        public static void main(String[] args) {
            Path folder = Path.of(args[0]);
            try (DigestBackend backend = new DigestBackend();
                    ChatEngine engine = engine(folder, backend);
                    Session session = engine.openSession()) {
                session.send("!think 4\n!say one\n!end");
                session.send("!say two\n!end");
                session.save("from there");
            }
        }
    }

    private static ChatEngine engine(Path folder, DigestBackend backend) {
        return ChatEngine.builder()
                .model(folder.resolve("model"))
                .backend(backend)
                .snapshots(FileSnapshotStore.open(folder.resolve("snapshots")))
                .build();
    }

    @ParameterizedTest
    @EnumSource(TemplateKind.class)
    void aSnapshotGoesOnInAnotherProcess(TemplateKind template) throws IOException, InterruptedException {
        DigestModel.writeTo(folder.resolve("model"), template);
        try (ChildProcess child = ChildProcess.start(List.of(), Saving.class, folder.toString())) {
            List<String> said = child.end();
            assertThat(child.exitValue()).as(String.join("\n", said)).isZero();
        }
        try (DigestBackend backend = new DigestBackend();
                ChatEngine engine = engine(folder, backend)) {
            SnapshotInfo saved = engine.snapshots().list().get(0);
            assertThat(saved.label().title()).isEqualTo("from there");
            try (Session session = engine.loadSession(saved.id(), SessionOptions.DEFAULT)) {
                int held = session.tokenIds().length;
                int lastTurn = held
                        - session.info()
                                .lastTurn()
                                .map(TurnInfo::matchingTokens)
                                .orElse(0);
                assertThat(backend.tokensComputed()).isZero();
                assertThat(session.send(ChatRequest.of("!say three\n!end")).text())
                        .isEqualTo("three");
                TurnInfo turn = session.info().lastTurn().orElseThrow();
                if (template == TemplateKind.STABLE) {
                    assertThat(turn.reusedTokens()).isEqualTo(held);
                } else {
                    assertThat(held - turn.reusedTokens())
                            .as("no more than the last turn")
                            .isLessThanOrEqualTo(lastTurn);
                }
            }
        }
    }
}
