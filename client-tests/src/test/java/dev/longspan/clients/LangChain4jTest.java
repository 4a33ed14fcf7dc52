package dev.longspan.clients;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.json.JsonObjectSchema;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import dev.langchain4j.model.output.FinishReason;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** LangChain4j's client, unchanged. */
class LangChain4jTest extends WithServer {
    private OpenAiChatModel model() {
        return OpenAiChatModel.builder()
                .baseUrl(base())
                .apiKey(KEY)
                .modelName("digest")
                .build();
    }

    @Test
    void itChats() {
        assertThat(model().chat("!say hello\n!end")).isEqualTo("hello");
        ChatResponse response = model().chat(UserMessage.from("!say hello\n!end"));
        assertThat(response.metadata().finishReason()).isEqualTo(FinishReason.STOP);
        assertThat(response.metadata().tokenUsage().outputTokenCount()).isEqualTo(6);
    }

    @Test
    void itStreams() throws Exception {
        OpenAiStreamingChatModel streaming = OpenAiStreamingChatModel.builder()
                .baseUrl(base())
                .apiKey(KEY)
                .modelName("digest")
                .build();
        StringBuilder text = new StringBuilder();
        CompletableFuture<ChatResponse> whole = new CompletableFuture<>();
        streaming.chat("!say one two\n!end", new StreamingChatResponseHandler() {
            @Override
            public void onPartialResponse(String partial) {
                text.append(partial);
            }

            @Override
            public void onCompleteResponse(ChatResponse response) {
                whole.complete(response);
            }

            @Override
            public void onError(Throwable error) {
                whole.completeExceptionally(error);
            }
        });
        assertThat(whole.get(1, TimeUnit.MINUTES).aiMessage().text()).isEqualTo("one two");
        assertThat(text).hasToString("one two");
        assertThat(whole.get().metadata().tokenUsage().outputTokenCount()).isPositive();
    }

    @Test
    void itGoesThroughALoopOfTools() {
        ToolSpecification look = ToolSpecification.builder()
                .name("look")
                .description("looks")
                .parameters(JsonObjectSchema.builder().addStringProperty("q").build())
                .build();
        List<ChatMessage> messages = new ArrayList<>(List.of(UserMessage.from("!call look\n!end")));
        ChatResponse asked = model().chat(ChatRequest.builder()
                .messages(messages)
                .toolSpecifications(look)
                .build());
        assertThat(asked.metadata().finishReason()).isEqualTo(FinishReason.TOOL_EXECUTION);
        messages.add(asked.aiMessage());
        for (ToolExecutionRequest call : asked.aiMessage().toolExecutionRequests()) {
            assertThat(call.name()).isEqualTo("look");
            messages.add(ToolExecutionResultMessage.from(call, "found"));
        }
        messages.add(UserMessage.from("!say done\n!end"));
        ChatResponse answered = model().chat(ChatRequest.builder()
                .messages(messages)
                .toolSpecifications(look)
                .build());
        assertThat(answered.aiMessage().text()).isEqualTo("done");
    }
}
