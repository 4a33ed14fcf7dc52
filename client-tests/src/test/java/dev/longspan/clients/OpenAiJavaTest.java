package dev.longspan.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.errors.OpenAIIoException;
import com.openai.errors.RateLimitException;
import com.openai.errors.SseException;
import com.openai.errors.UnauthorizedException;
import com.openai.models.FunctionDefinition;
import com.openai.models.FunctionParameters;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionFunctionTool;
import com.openai.models.chat.completions.ChatCompletionMessageToolCall;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.chat.completions.ChatCompletionToolMessageParam;
import dev.longspan.Session;
import dev.longspan.SessionOptions;
import dev.longspan.http.HttpAdapter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** OpenAI's own client for Java, unchanged. */
class OpenAiJavaTest extends WithServer {
    private OpenAIOkHttpClient.Builder builder(HttpAdapter at) {
        return OpenAIOkHttpClient.builder()
                .baseUrl(at.address().resolve("/v1").toString())
                .apiKey(KEY);
    }

    private OpenAIClient client() {
        return builder(server).build();
    }

    private static ChatCompletionCreateParams.Builder ask(String script) {
        return ChatCompletionCreateParams.builder().model("digest").addUserMessage(script);
    }

    private static String said(ChatCompletion completion) {
        return completion.choices().get(0).message().content().orElse("");
    }

    @Test
    void itChats() {
        ChatCompletion completion = client().chat()
                .completions()
                .create(ask("!say hello\n!end")
                        .maxCompletionTokens(50)
                        .temperature(0.0)
                        .build());
        assertThat(said(completion)).isEqualTo("hello");
        assertThat(completion.choices().get(0).finishReason()).isEqualTo(ChatCompletion.Choice.FinishReason.STOP);
        assertThat(completion.usage().orElseThrow().completionTokens()).isEqualTo(6);
        assertThat(client().models().list().data().get(0).id()).isEqualTo("digest");
        assertThat(client().models().retrieve("digest").id()).isEqualTo("digest");
    }

    @Test
    void itStreamsWithUsage() {
        ChatCompletionCreateParams params = ask("!think 4\n!say one two\n!end")
                .streamOptions(
                        ChatCompletionStreamOptions.builder().includeUsage(true).build())
                .build();
        StringBuilder text = new StringBuilder();
        List<Long> usage = new ArrayList<>();
        try (StreamResponse<ChatCompletionChunk> stream =
                client().chat().completions().createStreaming(params)) {
            stream.stream().forEach(chunk -> {
                chunk.choices().forEach(choice -> choice.delta().content().ifPresent(text::append));
                chunk.usage().ifPresent(each -> usage.add(each.completionTokens()));
            });
        }
        assertThat(text).hasToString("one two");
        assertThat(usage).hasSize(1);
    }

    private static ChatCompletionFunctionTool look() {
        return ChatCompletionFunctionTool.builder()
                .function(FunctionDefinition.builder()
                        .name("look")
                        .description("looks")
                        .parameters(FunctionParameters.builder()
                                .putAdditionalProperty("type", JsonValue.from("object"))
                                .putAdditionalProperty(
                                        "properties", JsonValue.from(Map.of("q", Map.of("type", "string"))))
                                .build())
                        .build())
                .build();
    }

    @Test
    void itGoesThroughALoopOfTools() {
        ChatCompletionCreateParams.Builder params = ask("!call look\n!end").addTool(look());
        ChatCompletion asked = client().chat().completions().create(params.build());
        assertThat(asked.choices().get(0).finishReason()).isEqualTo(ChatCompletion.Choice.FinishReason.TOOL_CALLS);
        params.addMessage(asked.choices().get(0).message());
        for (ChatCompletionMessageToolCall call :
                asked.choices().get(0).message().toolCalls().orElseThrow()) {
            assertThat(call.asFunction().function().name()).isEqualTo("look");
            params.addMessage(ChatCompletionToolMessageParam.builder()
                    .toolCallId(call.asFunction().id())
                    .content("found")
                    .build());
        }
        ChatCompletion answered = client().chat()
                .completions()
                .create(params.addUserMessage("!say done\n!end").build());
        assertThat(said(answered)).isEqualTo("done");
    }

    @Test
    void itKnowsTheErrors() {
        assertThatThrownBy(
                        () -> client().chat().completions().create(ask("x").n(2).build()))
                .isInstanceOf(BadRequestException.class);
        assertThatThrownBy(() -> client().chat()
                        .completions()
                        .create(ask("x").model("other").build()))
                .isInstanceOf(NotFoundException.class);
        OpenAIClient stranger = builder(server).apiKey("another-key").build();
        assertThatThrownBy(() -> stranger.models().list()).isInstanceOf(UnauthorizedException.class);
        assertThatThrownBy(() -> {
                    try (StreamResponse<ChatCompletionChunk> stream = client().chat()
                            .completions()
                            .createStreaming(ask("!say a\n!fail").build())) {
                        stream.stream().forEach(chunk -> {});
                    }
                })
                .isInstanceOf(SseException.class);
    }

    @Test
    void itCancels() {
        ChatCompletionCreateParams endless = ask("!loop")
                .putAdditionalBodyProperty("repetition_detection", JsonValue.from(Map.of("enabled", false)))
                .build();
        try (StreamResponse<ChatCompletionChunk> stream =
                client().chat().completions().createStreaming(endless)) {
            Iterator<ChatCompletionChunk> chunks = stream.stream().iterator();
            chunks.next();
            chunks.next();
        }
        awaitIdle();
    }

    @Test
    void itGivesUpAfterItsTime() {
        backend.gate().hold();
        OpenAIClient hasty =
                builder(server).timeout(Duration.ofSeconds(1)).maxRetries(0).build();
        assertThatThrownBy(() ->
                        hasty.chat().completions().create(ask("!say a\n!end").build()))
                .isInstanceOf(OpenAIIoException.class);
        backend.gate().release();
        awaitIdle();
    }

    private static ChatCompletionCreateParams inSession(String script) {
        return ask(script)
                .putAdditionalBodyProperty("session_id", JsonValue.from("s"))
                .build();
    }

    @Test
    void aTurnIsAppliedOnceThoughItIsSentAgain() throws Exception {
        try (Session session = engine.openSession(SessionOptions.DEFAULT.withId("s"))) {
            backend.gate().hold();
            CompletableFuture<ChatCompletion> first = CompletableFuture.supplyAsync(
                    () -> client().chat().completions().create(inSession("!say one\n!end")));
            backend.gate().awaitWaiting(Duration.ofSeconds(20));
            CompletableFuture<ChatCompletion> second = CompletableFuture.supplyAsync(() ->
                    builder(server).maxRetries(8).build().chat().completions().create(inSession("!say two\n!end")));
            Thread.sleep(500); // it is refused, and waits
            backend.gate().release();
            assertThat(said(first.get())).isEqualTo("one");
            assertThat(said(second.get())).isEqualTo("two");
            assertThat(session.history()).hasSize(4);
        }
    }

    @Test
    void itWaitsForRoom() throws Exception {
        try (HttpAdapter narrow =
                HttpAdapter.builder().engine(engine).port(0).maxConcurrent(1).start()) {
            backend.gate().hold();
            CompletableFuture<ChatCompletion> first = CompletableFuture.supplyAsync(() -> builder(narrow)
                    .build()
                    .chat()
                    .completions()
                    .create(ask("!say one\n!end").build()));
            backend.gate().awaitWaiting(Duration.ofSeconds(20));
            OpenAIClient impatient = builder(narrow).maxRetries(0).build();
            assertThatThrownBy(() -> impatient.chat().completions().create(ask("x").build()))
                    .isInstanceOf(RateLimitException.class);
            CompletableFuture<ChatCompletion> second = CompletableFuture.supplyAsync(() -> builder(narrow)
                    .maxRetries(8)
                    .build()
                    .chat()
                    .completions()
                    .create(ask("!say two\n!end").build()));
            Thread.sleep(500);
            backend.gate().release();
            assertThat(said(first.get())).isEqualTo("one");
            assertThat(said(second.get())).isEqualTo("two");
        }
    }

    @Test
    void itWaitsForTheModel() throws Exception {
        CountDownLatch wanted = new CountDownLatch(1);
        try (HttpAdapter late = HttpAdapter.builder()
                .engine("digest", () -> {
                    wanted.await();
                    return newEngine();
                })
                .port(0)
                .start()) {
            CompletableFuture<ChatCompletion> answer = CompletableFuture.supplyAsync(() -> builder(late)
                    .maxRetries(8)
                    .build()
                    .chat()
                    .completions()
                    .create(ask("!say here\n!end").build()));
            Thread.sleep(500);
            wanted.countDown();
            assertThat(said(answer.get())).isEqualTo("here");
        }
    }
}
