package dev.longspan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.FileSnapshotStore;
import dev.longspan.SnapshotInfo;
import dev.longspan.SnapshotPatch;
import dev.longspan.cli.InProcess.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is saved on leaving and gone on with by {@code --resume}, from a pipe. */
class LastConversationTest {
    @TempDir
    static Path cache;

    @TempDir
    Path folder;

    private Path snapshots;

    @BeforeEach
    void nameTheFolder() {
        snapshots = folder.resolve("snapshots");
    }

    @Test
    void aPlainPipeWritesNothing() {
        assertThat(run("Hello\n").code()).isZero();
        assertThat(snapshots).doesNotExist();
    }

    @Test
    void whatIsKeptIsResumed() {
        Outcome first = run("My name is Alice.\nHello\n", "--keep", "--json");
        JsonNode saved = first.objects().get(2);
        assertThat(saved.path("type").asText()).isEqualTo("saved");
        assertThat(saved.path("automatic").asBoolean()).isTrue();
        assertThat(stored()).singleElement().satisfies(last -> {
            assertThat(last.label().title()).isEqualTo("My name is Alice.");
            assertThat(last.label().tags()).containsExactly("last");
        });
        List<JsonNode> second =
                run("What's my name?\n/quit\n", "--resume", "--json").objects();
        assertThat(second.get(0).path("type").asText()).isEqualTo("loaded");
        assertThat(second.get(0).path("id").asText()).isEqualTo(saved.path("id").asText());
        assertThat(second.get(1).path("text").asText()).contains("Alice");
        assertThat(second.get(3).path("id").asText())
                .isNotEqualTo(saved.path("id").asText());
        assertThat(stored())
                .singleElement()
                .satisfies(last ->
                        assertThat(last.id()).isEqualTo(second.get(3).path("id").asText()));
        assertThat(run("/history\n", "--resume", "--json").objects().get(1).path("messages"))
                .hasSize(6);
    }

    @Test
    void withoutOneItSaysSoAndStartsEmpty() {
        Outcome plain = run("What is the capital of France?\n", "--resume");
        assertThat(plain.code()).isZero();
        assertThat(plain.lines()).singleElement().asString().contains("Paris");
        assertThat(plain.err()).contains("no last conversation").contains("saved as last-");
    }

    @Test
    void anEmptyConversationReplacesNothing() {
        run("Hello\n", "--keep");
        String id = stored().get(0).id();
        assertThat(run("/clear\n", "--keep").err()).doesNotContain("saved");
        assertThat(stored()).extracting(SnapshotInfo::id).containsExactly(id);
    }

    @Test
    void whatTheUserSavedIsNeverReplaced() {
        String saved =
                run("Hello\n/save mine\n", "--json").objects().get(1).path("id").asText();
        FileSnapshotStore.open(snapshots).update(saved, SnapshotPatch.keepAll().tags(List.of("last")));
        run("Hello\n", "--keep");
        run("Hello\n", "--keep");
        assertThat(stored()).hasSize(2).extracting(SnapshotInfo::id).contains(saved);
    }

    @Test
    void whatCannotBeResumedIsSaidAndNotLost() {
        run("word ".repeat(200) + "\n", "--keep");
        String id = stored().get(0).id();
        Outcome outcome =
                run("Hello\n", "--resume", "--json", "--max-context", "40", "--max-tokens", "10", "--no-think");
        assertThat(outcome.code()).isEqualTo(1);
        assertThat(outcome.objects().get(0).path("error").asText()).isEqualTo("ContextLengthException");
        assertThat(outcome.objects().get(1).path("type").asText()).isEqualTo("answer");
        assertThat(stored()).hasSize(2).anySatisfy(each -> {
            assertThat(each.id()).isEqualTo(id);
            assertThat(each.label().tags()).isEmpty();
        });
    }

    @Test
    void aFolderThatCannotBeUsedIsSaidAndChattingGoesOn() throws IOException {
        Files.writeString(snapshots, "a file");
        Outcome outcome = run("What is the capital of France?\n", "--resume");
        assertThat(outcome.code()).isEqualTo(1);
        assertThat(outcome.lines()).singleElement().asString().contains("Paris");
        assertThat(outcome.err().lines().filter(line -> line.startsWith("longspan: ")))
                .hasSize(2)
                .allMatch(line -> line.contains(snapshots.toString()));
    }

    @Test
    void aResumedConversationGoesOnAsItBegan() {
        run("Hello\n", "--keep");
        Outcome outcome = run("/history\n", "--resume", "--system", "Be short.");
        assertThat(outcome.code()).isZero();
        assertThat(outcome.err()).contains("--system counts again after /clear").doesNotContain("1 system");
    }

    @Test
    void byDefaultTheFolderIsTheUsersDataFolder() throws IOException, InterruptedException {
        Outcome outcome = ChildJvm.run(folder, "Hello\n", ChildJvm.onClassPath("chat", "--keep"));
        assertThat(outcome.code()).isZero();
        assertThat(FileSnapshotStore.open(folder.resolve("longspan/snapshots")).list())
                .hasSize(1);
    }

    private List<SnapshotInfo> stored() {
        return FileSnapshotStore.open(snapshots).list();
    }

    private Outcome run(String input, String... options) {
        String[] all = new String[options.length + 2];
        System.arraycopy(options, 0, all, 2, options.length);
        all[0] = "--snapshots";
        all[1] = snapshots.toString();
        return InProcess.chat(cache, input, all);
    }
}
