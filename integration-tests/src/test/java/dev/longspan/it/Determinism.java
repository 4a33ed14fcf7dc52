package dev.longspan.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.ChatEngine;
import dev.longspan.ChatMessage;
import dev.longspan.ChatRequest;
import dev.longspan.ChatRequestBuilder;
import dev.longspan.ChatResponse;
import dev.longspan.ChatStream;
import dev.longspan.FinishReason;
import dev.longspan.ThinkingMode;
import dev.longspan.ToolCall;
import dev.longspan.ToolChoice;
import dev.longspan.ToolSpecification;
import dev.longspan.spi.Backend;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** With backends that are exact nothing that runs beside an answer changes it. */
@Timeout(300)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class Determinism {
    private static final ToolSpecification WEATHER = new ToolSpecification(
            "get_weather",
            "Tells the weather in a city.",
            "{\"type\": \"object\", \"properties\": {\"city\": {\"type\": \"string\"}}, \"required\": [\"city\"]}");

    private final ExactBackend exact;
    private Backend backend;
    private ChatEngine engine;

    Determinism(ExactBackend exact) {
        this.exact = exact;
    }

    @BeforeAll
    void open() {
        backend = exact.open();
        engine = open(2048);
    }

    private ChatEngine open(int prefillChunk) {
        return ChatEngine.builder()
                .model(NanoFolder.path())
                .backend(backend)
                .prefillChunk(prefillChunk)
                .build();
    }

    @AfterAll
    void close() {
        engine.close();
        backend.close();
    }

    private static ChatRequestBuilder user(String text) {
        return ChatRequest.builder().user(text).maxTokens(60);
    }

    /** Greedy and sampled, with and without thinking, tools, history, budget and penalties, short and long. */
    private static List<ChatRequest> mixed() {
        return List.of(
                user("What is the capital of France?").build(),
                user("What is 27 + 15?").temperature(1).seed(1).build(),
                user("Spell Berlin.")
                        .thinking(ThinkingMode.OFF)
                        .temperature(2)
                        .topK(20)
                        .seed(2)
                        .build(),
                user("What's the weather in Paris?").tools(List.of(WEATHER)).build(),
                user("What's the weather in Rome?")
                        .tools(List.of(WEATHER))
                        .toolChoice(ToolChoice.REQUIRED)
                        .thinkingBudget(3)
                        .build(),
                user(LongText.hiding("The access code for the blue vault is 48213.", 0.5, 4000, 1)
                                + "\n\nWhat is the access code for the blue vault?")
                        .build(),
                ChatRequest.builder()
                        .messages(List.of(
                                ChatMessage.user("My name is Alice."),
                                ChatMessage.assistant("Hello Alice."),
                                ChatMessage.user("What's my name?")))
                        .maxTokens(40)
                        .build(),
                user("Give me JSON with name Bob and age 42.")
                        .temperature(0.8)
                        .topP(0.9)
                        .minP(0.01)
                        .repetitionPenalty(1.1)
                        .frequencyPenalty(0.1)
                        .presencePenalty(0.1)
                        .seed(5)
                        .build());
    }

    /** All of an answer but for its times and the ids of calls. */
    private record Answer(String text, String thinking, List<String> calls, FinishReason reason, int tokens) {
        static Answer of(ChatResponse response) {
            return new Answer(
                    response.text(),
                    response.message().thinking(),
                    response.message().toolCalls().stream()
                            .map(call -> call.name() + call.arguments())
                            .toList(),
                    response.finishReason(),
                    response.usage().completionTokens());
        }
    }

    @Test
    void eightMixedRequestsAtOnceAnswerAsEachAloneInEveryOrderOfArrival() {
        List<ChatRequest> requests = mixed();
        List<Answer> alone = new ArrayList<>();
        requests.forEach(request -> alone.add(Answer.of(engine.chat(request))));
        Random random = new Random(1);
        for (int round = 0; round < 5; round++) {
            List<Integer> order = new ArrayList<>();
            for (int i = 0; i < requests.size(); i++) {
                order.add(i);
            }
            Collections.shuffle(order, random);
            List<ChatStream> streams = new ArrayList<>(Collections.nCopies(requests.size(), null));
            for (int i : order) {
                streams.set(i, engine.stream(requests.get(i)));
                if (random.nextBoolean()) {
                    streams.get(i).next(); // so that this one has begun before the next arrives
                }
            }
            for (int i : order) {
                assertThat(Answer.of(streams.get(i).await()))
                        .as("request " + i + " in order " + order)
                        .isEqualTo(alone.get(i));
            }
        }
    }

    @Test
    void theSizeOfThePartsOfAPromptChangesNothing() {
        List<Answer> expected =
                mixed().stream().map(request -> Answer.of(engine.chat(request))).toList();
        for (int chunk : new int[] {1, 7, 100}) {
            try (ChatEngine other = open(chunk)) {
                List<ChatStream> streams = mixed().stream().map(other::stream).toList();
                for (int i = 0; i < streams.size(); i++) {
                    assertThat(Answer.of(streams.get(i).await()))
                            .as("request " + i + ", parts of " + chunk)
                            .isEqualTo(expected.get(i));
                }
            }
        }
    }

    @Test
    void temperatureZeroGivesTheSameAnswerAHundredTimesAloneAndUnderLoad() {
        ChatRequest request =
                user("What is the capital of Italy?").temperature(0).build();
        Answer expected = Answer.of(engine.chat(request));
        assertThat(expected.text()).contains("Rome");
        for (int i = 0; i < 50; i++) {
            assertThat(Answer.of(engine.chat(request))).isEqualTo(expected);
        }
        List<ChatStream> load = new ArrayList<>();
        for (ChatRequest other : mixed()) {
            load.add(engine.stream(other));
        }
        List<ChatStream> repeats = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            repeats.add(engine.stream(request));
        }
        repeats.forEach(stream -> assertThat(Answer.of(stream.await())).isEqualTo(expected));
        load.forEach(ChatStream::await);
    }

    @Test
    void aToolLoopOfTheModelsOwnEndsInAnAnswer() {
        ChatRequest question =
                user("What's the weather in Paris?").tools(List.of(WEATHER)).build();
        ChatResponse asked = engine.chat(question);
        assertThat(asked.finishReason()).isEqualTo(FinishReason.TOOL_CALLS);
        ToolCall call = asked.message().toolCalls().get(0);
        assertThat(call.name()).isEqualTo("get_weather");
        assertThat(call.arguments()).isEqualTo("{\"city\":\"Paris\"}");
        ChatResponse answered = engine.chat(ChatRequest.builder()
                .messages(List.of(
                        question.messages().get(0), asked.message(), ChatMessage.tool(call.id(), "sunny, 21 degrees")))
                .tools(List.of(WEATHER))
                .maxTokens(60)
                .build());
        assertThat(answered.text()).contains("sunny");
    }
}
