package dev.longspan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.cli.InProcess.Outcome;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands that change the conversation or show it, from a pipe. */
class ConversationCommandsTest {
    @TempDir
    static Path folder;

    @Test
    void withoutJsonStandardOutputHasAnswersOnly() {
        Outcome outcome = chat("My name is Alice.", "/history", "/info", "/stats", "/help", "/fork", "/clear", "/ls");
        assertThat(outcome.code()).isZero();
        assertThat(outcome.lines()).singleElement().asString().contains("Alice");
        assertThat(outcome.err())
                .contains("1 user: My name is Alice.", "2 assistant: ", "2 messages", "tokens a second")
                .contains("/rollback", "goes on in ", "a new conversation", "left by /fork");
    }

    @Test
    void eachCommandPrintsOneObject() {
        List<JsonNode> objects = json(
                        "Hello", "/history", "/info", "/stats", "/help", "/fork", "/retry", "/clear", "/quit")
                .objects();
        assertThat(types(objects))
                .containsExactly("answer", "history", "info", "stats", "help", "forked", "answer", "cleared", "quit");
    }

    @Test
    void quitLeavesTheRestUnread() {
        Outcome outcome = chat("/quit", "Hello");
        assertThat(outcome.code()).isZero();
        assertThat(outcome.out()).isEmpty();
    }

    @Test
    void anUnknownCommandIsAnErrorAndTheConversationGoesOn() {
        Outcome plain = chat("/etc/passwd", "What is the capital of France?");
        assertThat(plain.code()).isEqualTo(2);
        assertThat(plain.lines()).singleElement().asString().contains("Paris");
        assertThat(plain.err().lines()).singleElement().asString().contains("/etc/passwd", "/help", "two");
        Outcome json = json("/nonsense");
        assertThat(json.code()).isEqualTo(2);
        assertThat(types(json.objects())).containsExactly("error");
    }

    @Test
    void turnsReuseWhatTheConversationHolds() {
        List<JsonNode> objects =
                json("My name is Alice.", "/info", "What's my name?", "/info").objects();
        int held = objects.get(1).path("tokens").asInt();
        JsonNode turn = objects.get(3).path("last_turn");
        assertThat(turn.path("reused_tokens").asInt()).isEqualTo(held);
        assertThat(turn.path("reuse_end").asText()).isEqualTo("all_held");
        assertThat(objects.get(2).path("usage").path("reused_tokens").asInt()).isEqualTo(held);
        assertThat(objects.get(2).path("text").asText()).contains("Alice");
        assertThat(objects.get(3).path("bytes").asLong()).isPositive();
    }

    @Test
    void theSystemMessageOpensEveryConversation() {
        String input = "Hello\n/history\n/rollback 0\nHello\n/history\n/clear\nHello\n/history\n";
        List<JsonNode> objects = run(input, "--json", "--system", "Be short.").objects();
        for (int at : List.of(1, 4, 7)) {
            assertThat(roles(objects.get(at))).containsExactly("system", "user", "assistant");
            assertThat(text(objects.get(at), 0)).isEqualTo("Be short.");
        }
    }

    @Test
    void clearBeginsAnew() {
        Outcome outcome = json("My name is Alice.", "/clear", "What's my name?");
        assertThat(outcome.objects().get(2).path("text").asText()).doesNotContain("Alice");
    }

    @Test
    void retryAnswersTheSameQuestionAgain() {
        List<JsonNode> objects = run(
                        "Hello\n/retry\n/history\n", "--json", "--temperature", "2", "--max-tokens", "30", "--no-think")
                .objects();
        assertThat(types(objects)).containsExactly("answer", "answer", "history");
        assertThat(roles(objects.get(2))).containsExactly("user", "assistant");
        assertThat(text(objects.get(2), 1).strip())
                .isEqualTo(objects.get(1).path("text").asText().strip());
    }

    @Test
    void withoutAQuestionThereIsNothingToRetry() {
        Outcome outcome = json("/retry", "Hello");
        assertThat(outcome.code()).isEqualTo(2);
        assertThat(types(outcome.objects())).containsExactly("error", "answer");
    }

    @Test
    void rollbackKeepsTheFirstMessages() {
        List<JsonNode> objects = json("My name is Alice.", "Hello", "/rollback 2", "/history", "What's my name?")
                .objects();
        assertThat(objects.get(2).path("type").asText()).isEqualTo("rolled_back");
        assertThat(objects.get(2).path("messages").asInt()).isEqualTo(2);
        assertThat(roles(objects.get(3))).containsExactly("user", "assistant");
        assertThat(objects.get(4).path("text").asText()).contains("Alice");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/rollback 3", "/rollback -1", "/rollback", "/rollback two", "/rollback 99999999999"})
    void aRollbackOutOfRangeChangesNothing(String command) {
        Outcome outcome = json("Hello", command, "/history");
        assertThat(outcome.code()).isEqualTo(2);
        assertThat(outcome.objects().get(1).path("message").asText()).contains("0 to 2");
        assertThat(outcome.objects().get(2).path("messages")).hasSize(2);
    }

    @Test
    void aForkGoesOnAndTheOtherOneStaysAsItWas() {
        List<JsonNode> objects =
                json("My name is Alice.", "/info", "/fork", "Hello", "/info").objects();
        String from = objects.get(1).path("id").asText();
        assertThat(objects.get(2).path("from").asText()).isEqualTo(from);
        assertThat(objects.get(2).path("id").asText())
                .isEqualTo(objects.get(4).path("id").asText())
                .isNotEqualTo(from);
        assertThat(objects.get(4).path("messages").asInt()).isEqualTo(4);
    }

    @Test
    void aFileIsReadAsAMessage() throws IOException {
        Path file = Files.writeString(folder.resolve("a file.txt"), "\uFEFFMy name is Alice.\nGrüße.");
        Outcome outcome = json("/add " + file, "/history", "What's my name?");
        assertThat(outcome.code()).isZero();
        JsonNode added = outcome.objects().get(0);
        assertThat(added.path("type").asText()).isEqualTo("added");
        assertThat(added.path("added_tokens").asInt()).isPositive();
        assertThat(added.path("tokens").asInt())
                .isEqualTo(added.path("added_tokens").asInt());
        assertThat(text(outcome.objects().get(1), 0)).isEqualTo("My name is Alice.\nGrüße.");
        assertThat(outcome.objects().get(2).path("usage").path("reused_tokens").asInt())
                .isEqualTo(added.path("tokens").asInt());
    }

    @Test
    void whatWasAddedIsAnsweredByRetry() throws IOException {
        Path file = Files.writeString(folder.resolve("question.txt"), "What is the capital of France?");
        Outcome outcome = json("/add " + file, "/retry");
        assertThat(outcome.objects().get(1).path("text").asText()).contains("Paris");
    }

    @ParameterizedTest
    @CsvSource({
        "missing.txt, there is no such file",
        "'', expected a file",
        "., found a folder",
        "huge.txt, at most 64 MiB",
        "latin1.txt, UTF-8",
        "empty.txt, found none",
    })
    void aFileThatCannotBeAddedChangesNothing(String name, String problem) throws IOException {
        try (RandomAccessFile huge =
                new RandomAccessFile(folder.resolve("huge.txt").toFile(), "rw")) {
            huge.setLength(TextFile.MOST_BYTES + 1L);
        }
        Files.write(folder.resolve("latin1.txt"), new byte[] {'G', 'r', (byte) 0xfc, (byte) 0xdf, 'e'});
        Files.writeString(folder.resolve("empty.txt"), " \n");
        String file = name.isEmpty() ? "" : folder.resolve(name).toString();
        Outcome outcome = json("Hello", "/add " + file, "/history");
        assertThat(outcome.code()).isEqualTo(2);
        JsonNode error = outcome.objects().get(1);
        assertThat(error.path("type").asText()).isEqualTo("error");
        assertThat(error.path("message").asText()).contains(problem).contains(name);
        assertThat(outcome.objects().get(2).path("messages")).hasSize(2);
    }

    @Test
    void aFileThatDoesNotFitChangesNothing() throws IOException {
        Path file = Files.writeString(folder.resolve("long.txt"), "word ".repeat(400));
        Outcome outcome =
                run("Hello\n/add " + file + "\n/history\n", "--json", "--max-context", "300", "--max-tokens", "100");
        assertThat(outcome.code()).isEqualTo(1);
        assertThat(outcome.objects().get(1).path("error").asText()).isEqualTo("ContextLengthException");
        assertThat(outcome.objects().get(2).path("messages")).hasSize(2);
    }

    private static List<String> types(List<JsonNode> objects) {
        return objects.stream().map(each -> each.path("type").asText()).toList();
    }

    private static List<String> roles(JsonNode history) {
        return history.path("messages").findValuesAsText("role");
    }

    private static String text(JsonNode history, int at) {
        return history.path("messages").path(at).path("text").asText();
    }

    private static Outcome chat(String... lines) {
        return run(String.join("\n", lines) + "\n");
    }

    private static Outcome json(String... lines) {
        return run(String.join("\n", lines) + "\n", "--json");
    }

    private static Outcome run(String input, String... options) {
        String[] all = Arrays.copyOf(options, options.length + 2);
        all[options.length] = "--snapshots";
        all[options.length + 1] = folder.resolve("snapshots").toString();
        return InProcess.chat(folder, input, all);
    }
}
