package dev.longspan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.longspan.cli.InProcess.Outcome;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PipeChatTest {
    @TempDir
    static Path cache;

    @Test
    void aQuestionIsAnsweredAndNothingElseIsPrinted() {
        Outcome outcome = chat("What is the capital of France?\n");
        assertThat(outcome.code()).isZero();
        assertThat(outcome.lines()).hasSize(1);
        assertThat(outcome.out()).contains("Paris").endsWith("\n").doesNotContain("think");
        assertThat(outcome.err()).isEmpty();
    }

    @Test
    void linesAreTurnsOfOneConversation() {
        Outcome outcome = chat("My name is Alice.\n\n   \nWhat's my name?");
        assertThat(outcome.code()).isZero();
        assertThat(outcome.lines()).hasSize(2);
        assertThat(outcome.lines().get(1)).contains("Alice");
    }

    @Test
    void aLineThatLooksLikeACommandIsAMessageIfItHasTwoSlashes() {
        assertThat(chat("//quit\nWhat is the capital of France?\n").lines().size())
                .isGreaterThan(1);
    }

    @Test
    void withoutInputThereIsNoOutput() {
        assertThat(chat("")).isEqualTo(new Outcome(0, "", ""));
    }

    @Test
    void jsonTellsTextThinkingReasonUsageAndTimes() throws IOException {
        Outcome outcome = chat("What is the capital of France?\n", "--json");
        assertThat(outcome.lines()).hasSize(1);
        JsonNode answer = new ObjectMapper().readTree(outcome.out());
        assertThat(answer.path("type").asText()).isEqualTo("answer");
        assertThat(answer.path("text").asText()).contains("Paris");
        assertThat(answer.path("thinking").isTextual()).isTrue();
        assertThat(answer.path("finish_reason").asText()).isEqualTo("stop");
        assertThat(answer.path("usage").path("prompt_tokens").asInt()).isPositive();
        assertThat(answer.path("usage").path("completion_tokens").asInt()).isPositive();
        assertThat(answer.path("timing").path("total").isDouble()).isTrue();
    }

    @Test
    void textAndJsonTellTheSameAnswer() throws IOException {
        String question = "Give me JSON with name Bob and age 42.\n";
        JsonNode answer = new ObjectMapper().readTree(chat(question, "--json").out());
        assertThat(chat(question).out()).isEqualTo(answer.path("text").asText() + "\n");
    }

    @Test
    void withNoThinkNothingIsThought() throws IOException {
        JsonNode thinking =
                new ObjectMapper().readTree(chat("What is 27 + 15?\n", "--json").out());
        JsonNode silent = new ObjectMapper()
                .readTree(chat("What is 27 + 15?\n", "--json", "--no-think").out());
        assertThat(thinking.path("thinking").asText()).isNotBlank();
        assertThat(thinking.path("usage").path("thinking_tokens").asInt()).isPositive();
        assertThat(silent.path("thinking").asText()).isEmpty();
        assertThat(silent.path("usage").path("thinking_tokens").asInt()).isZero();
    }

    @Test
    void anAnswerThatIsCutOffSaysSoOnStandardError() {
        Outcome outcome = chat("Spell Berlin.\n", "--max-tokens", "1", "--no-think");
        assertThat(outcome.code()).isZero();
        assertThat(outcome.err().lines()).hasSize(1);
        assertThat(outcome.err()).contains("cut off").contains("limit");
    }

    @Test
    void aTurnThatFailsLeavesNoTraceAndTheNextOneWorks() throws IOException {
        String tooLong = "word ".repeat(400);
        Outcome outcome = chat(
                tooLong + "\nWhat is the capital of France?\n",
                "--json",
                "--max-context",
                "300",
                "--max-tokens",
                "100");
        assertThat(outcome.code()).isEqualTo(1);
        assertThat(outcome.lines()).hasSize(2);
        JsonNode error = new ObjectMapper().readTree(outcome.lines().get(0));
        assertThat(error.path("type").asText()).isEqualTo("error");
        assertThat(error.path("error").asText()).isEqualTo("ContextLengthException");
        assertThat(error.path("max_context_tokens").asInt()).isEqualTo(300);
        JsonNode answer = new ObjectMapper().readTree(outcome.lines().get(1));
        assertThat(answer.path("text").asText()).contains("Paris");
    }

    @Test
    void aSeedMakesChanceRepeatable() {
        String[] options = {"--temperature", "2", "--seed", "5", "--max-tokens", "40"};
        assertThat(chat("Hello\n", options).out())
                .isEqualTo(chat("Hello\n", options).out());
    }

    @Test
    void whatIsNotAsciiComesThrough() {
        Outcome outcome = chat("Grüße aus Köln 🙂\n", "--system", "Be short.");
        assertThat(outcome.code()).isZero();
        assertThat(outcome.err()).isEmpty();
    }

    private static Outcome chat(String input, String... options) {
        return InProcess.chat(cache, input, options);
    }
}
