package dev.longspan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.FileSnapshotStore;
import dev.longspan.SnapshotInfo;
import dev.longspan.cli.InProcess.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands about conversations on disk, from a pipe. */
class SnapshotCommandsTest {
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
    void whatIsSavedIsLoadedInAnotherRun() {
        JsonNode saved =
                json("My name is Alice.", "/save about names").objects().get(1);
        assertThat(saved.path("type").asText()).isEqualTo("saved");
        assertThat(saved.path("title").asText()).isEqualTo("about names");
        assertThat(saved.path("automatic").asBoolean()).isFalse();
        String id = saved.path("id").asText();
        List<JsonNode> later =
                json("/load " + id.substring(0, 6), "What's my name?", "/info").objects();
        assertThat(later.get(0).path("type").asText()).isEqualTo("loaded");
        assertThat(later.get(0).path("id").asText()).isEqualTo(id);
        assertThat(later.get(0).path("title").asText()).isEqualTo("about names");
        assertThat(later.get(0).path("messages").asInt()).isEqualTo(2);
        assertThat(later.get(1).path("text").asText()).contains("Alice");
        assertThat(later.get(1).path("usage").path("reused_tokens").asInt())
                .isEqualTo(later.get(0).path("tokens").asInt());
        assertThat(later.get(2).path("messages").asInt()).isEqualTo(4);
    }

    @Test
    void withoutATitleTheFirstQuestionIsIt() {
        String question = "My name is Alice and " + "very ".repeat(30) + "long.";
        String title = json(question, "/save").objects().get(1).path("title").asText();
        assertThat(title).startsWith("My name is Alice and very").endsWith("…").hasSizeLessThanOrEqualTo(60);
    }

    @Test
    void theListHasTheIdFirstAndTheNewestOnTop() {
        Outcome outcome = chat("Hello", "/save one", "/save two", "/ls");
        assertThat(outcome.code()).isZero();
        assertThat(outcome.lines()).hasSize(1);
        List<String> listed = outcome.err().lines().skip(2).toList();
        assertThat(listed).hasSize(2);
        List<SnapshotInfo> stored = FileSnapshotStore.open(snapshots).list();
        for (int i = 0; i < 2; i++) {
            assertThat(listed.get(i))
                    .startsWith(stored.get(i).id() + "  ")
                    .containsPattern("  (one|two)  [0-9.]+ kB  \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d$");
        }
        assertThat(stored.get(0).created()).isAfterOrEqualTo(stored.get(1).created());
        assertThat(chat("/ls").err().lines()).containsExactlyElementsOf(listed);
    }

    @Test
    void anEmptyFolderIsSaidToBeEmpty() {
        Outcome outcome = chat("/ls");
        assertThat(outcome.code()).isZero();
        assertThat(outcome.err().lines()).containsExactly("nothing is saved");
        assertThat(json("/ls").objects().get(0).path("snapshots")).isEmpty();
        assertThat(snapshots).doesNotExist();
    }

    @Test
    void anEmptyConversationIsNotSaved() {
        Outcome outcome = json("/save nothing");
        assertThat(outcome.code()).isNotZero();
        assertThat(outcome.objects().get(0).path("type").asText()).isEqualTo("error");
        assertThat(FileSnapshotStore.open(snapshots).list()).isEmpty();
    }

    @Test
    void whatIsRemovedIsGone() {
        String id = json("Hello", "/save").objects().get(1).path("id").asText();
        List<JsonNode> objects = json("/rm " + id.substring(0, 8), "/ls").objects();
        assertThat(objects.get(0).path("type").asText()).isEqualTo("removed");
        assertThat(objects.get(0).path("id").asText()).isEqualTo(id);
        assertThat(objects.get(1).path("snapshots")).isEmpty();
    }

    @Test
    void anIdMustBeTheOnlyOneThatBeginsSo() throws IOException {
        for (String id : List.of("abc1", "abc2", "abc")) {
            Files.createDirectories(snapshots.resolve(id));
        }
        Outcome outcome = json("/rm ab", "/rm x", "/rm", "/load ab", "/ls", "/rm abc", "/rm abc1", "/ls");
        assertThat(outcome.code()).isEqualTo(2);
        List<JsonNode> objects = outcome.objects();
        assertThat(objects.get(0).path("message").asText()).contains("ab is the beginning of 3 ids", "abc1", "abc2");
        assertThat(objects.get(1).path("message").asText()).contains("no id begins with x");
        assertThat(objects.get(2).path("message").asText()).contains("expected an id");
        assertThat(objects.get(3).path("message").asText()).contains("3 ids");
        assertThat(objects.get(4).path("snapshots")).hasSize(3);
        assertThat(objects.get(5).path("id").asText()).isEqualTo("abc");
        assertThat(objects.get(7).path("snapshots").findValuesAsText("id")).containsExactly("abc2");
    }

    @Test
    void aBrokenOneIsShownAsBrokenAndNotLoaded() throws IOException {
        String id = json("Hello", "/save").objects().get(1).path("id").asText();
        Files.delete(snapshots.resolve(id).resolve("tokens.bin"));
        assertThat(chat("/ls").err().lines())
                .singleElement()
                .asString()
                .startsWith(id)
                .contains("broken: ");
        Outcome outcome = json("/ls", "Hello", "/load " + id, "/history", "/rm " + id, "/ls");
        assertThat(outcome.code()).isEqualTo(1);
        List<JsonNode> objects = outcome.objects();
        assertThat(objects.get(0).path("snapshots").get(0).path("problem").asText())
                .contains("tokens.bin");
        assertThat(objects.get(2).path("error").asText()).isEqualTo("SnapshotCorruptException");
        assertThat(objects.get(3).path("messages")).hasSize(2);
        assertThat(objects.get(5).path("snapshots")).isEmpty();
    }

    @Test
    void aFolderThatCannotBeUsedIsSaidAndChattingGoesOn() throws IOException {
        Files.writeString(snapshots, "a file");
        Outcome outcome = json("Hello", "/save", "/ls", "/load x", "/rm x", "What is the capital of France?");
        assertThat(outcome.code()).isEqualTo(1);
        List<JsonNode> objects = outcome.objects();
        for (JsonNode error : objects.subList(1, 5)) {
            assertThat(error.path("error").asText()).isEqualTo("SnapshotStoreException");
            assertThat(error.path("message").asText())
                    .contains(snapshots.toString())
                    .containsAnyOf("expected a folder", "is something else");
        }
        assertThat(objects.get(5).path("text").asText()).contains("Paris");
        assertThat(snapshots).hasContent("a file");
    }

    @Test
    void theOneAForkWasMadeFromCanBeGoneBackTo() {
        Outcome outcome = InProcess.chat(
                cache, "My name is Alice.\n/fork\nHello\n/ls\n", "--json", "--snapshots", snapshots.toString());
        JsonNode left = outcome.objects().get(3).path("left_behind").get(0);
        assertThat(left.path("id").asText())
                .isEqualTo(outcome.objects().get(1).path("from").asText());
        assertThat(left.path("messages").asInt()).isEqualTo(2);
    }

    @Test
    void aSnapshotOfSmallerLimitGrowsWithTheEngines() {
        InProcess.chat(
                cache,
                "Hello\n/save\n",
                "--max-context",
                "300",
                "--max-tokens",
                "100",
                "--snapshots",
                snapshots.toString());
        String id = FileSnapshotStore.open(snapshots).list().get(0).id();
        assertThat(json("/load " + id, "/info")
                        .objects()
                        .get(1)
                        .path("max_tokens")
                        .asInt())
                .isEqualTo(131_072);
    }

    private Outcome chat(String... lines) {
        return InProcess.chat(cache, String.join("\n", lines) + "\n", "--snapshots", snapshots.toString());
    }

    private Outcome json(String... lines) {
        return InProcess.chat(cache, String.join("\n", lines) + "\n", "--json", "--snapshots", snapshots.toString());
    }
}
