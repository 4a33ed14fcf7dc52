package dev.longspan.http.chat;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.ChatMessage;
import dev.longspan.ChatResponse;
import dev.longspan.FinishReason;
import dev.longspan.Timing;
import dev.longspan.TokenUsage;
import dev.longspan.ToolCall;
import dev.longspan.http.wire.ApiError;
import dev.longspan.http.wire.Json;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** From answers to JSON, in OpenAI's form. */
public final class ChatAnswers {
    private ChatAnswers() {}

    /**
     * Names the answer that all objects of it belong to.
     *
     * @param id its name
     * @param created when it was asked for, in seconds
     * @param model what clients call the model
     * @param fingerprint what it is computed with
     * @param strict whether finish reasons are OpenAI's only
     */
    record Head(String id, long created, String model, String fingerprint, boolean strict) {
        private ObjectNode object(String kind) {
            return Json.object()
                    .put("id", id)
                    .put("object", kind)
                    .put("created", created)
                    .put("model", model)
                    .put("system_fingerprint", fingerprint);
        }

        /** A chunk without choices. */
        ObjectNode bare() {
            ObjectNode chunk = object("chat.completion.chunk");
            chunk.putArray("choices");
            return chunk;
        }

        /** A chunk of a stream. */
        ObjectNode chunk(ObjectNode delta, @Nullable FinishReason finish) {
            ObjectNode chunk = object("chat.completion.chunk");
            ObjectNode choice = chunk.putArray("choices").addObject();
            choice.put("index", 0);
            choice.set("delta", delta);
            choice.putNull("logprobs");
            if (finish == null) {
                choice.putNull("finish_reason");
            } else {
                finish(choice, finish);
            }
            return chunk;
        }

        /** A chunk that tells of a failure. */
        String failure(ApiError error) {
            ObjectNode chunk = chunk(Json.object(), null);
            chunk.set("error", error.error());
            return Json.write(chunk);
        }

        private void finish(ObjectNode choice, FinishReason finish) {
            boolean unknown = strict && finish == FinishReason.REPETITION;
            choice.put("finish_reason", unknown ? "stop" : finish.name().toLowerCase(Locale.ROOT));
            if (unknown) {
                choice.put("x_finish_detail", "repetition");
            }
        }

        /** The whole answer. */
        ObjectNode whole(ChatResponse response) {
            ObjectNode whole = object("chat.completion");
            ObjectNode choice = whole.putArray("choices").addObject();
            choice.put("index", 0);
            choice.set("message", message(response.message()));
            finish(choice, response.finishReason());
            choice.putNull("logprobs");
            whole.set("usage", usage(response.usage()));
            return whole;
        }
    }

    /** {@return a message as it goes out: of an answer, or of a history} */
    public static ObjectNode message(ChatMessage message) {
        ObjectNode node = Json.object();
        if (message instanceof ChatMessage.SystemMessage) {
            return node.put("role", "system").put("content", message.text());
        } else if (message instanceof ChatMessage.UserMessage) {
            return node.put("role", "user").put("content", message.text());
        } else if (message instanceof ChatMessage.ToolMessage tool) {
            return node.put("role", "tool").put("tool_call_id", tool.callId()).put("content", message.text());
        }
        ChatMessage.AssistantMessage answer = (ChatMessage.AssistantMessage) message;
        node.put("role", "assistant");
        boolean nothing = answer.text().isEmpty() && !answer.toolCalls().isEmpty();
        node.put("content", nothing ? null : answer.text());
        if (!answer.thinking().isEmpty()) {
            node.put("reasoning_content", answer.thinking());
        }
        if (!answer.toolCalls().isEmpty()) {
            ArrayNode calls = node.putArray("tool_calls");
            answer.toolCalls().forEach(call -> calls.add(call(call)));
        }
        return node;
    }

    /** {@return a call of a tool} */
    static ObjectNode call(ToolCall call) {
        ObjectNode node = Json.object().put("id", call.id()).put("type", "function");
        node.putObject("function").put("name", call.name()).put("arguments", call.arguments());
        return node;
    }

    /** {@return how many tokens an answer took} */
    public static ObjectNode usage(TokenUsage usage) {
        ObjectNode node = Json.object()
                .put("prompt_tokens", usage.promptTokens())
                .put("completion_tokens", usage.completionTokens())
                .put("total_tokens", usage.totalTokens());
        node.putObject("prompt_tokens_details").put("cached_tokens", usage.reusedTokens());
        node.putObject("completion_tokens_details").put("reasoning_tokens", usage.thinkingTokens());
        return node;
    }

    /** {@return how long an answer took} */
    static ObjectNode timing(Timing timing) {
        return Json.object()
                .put("prefill_s", seconds(timing.prefill()))
                .put("decode_s", seconds(timing.decode()))
                .put("total_s", seconds(timing.total()))
                .put("tok_per_s", timing.tokensPerSecond());
    }

    /** {@return messages as they go out} */
    public static ArrayNode messages(List<ChatMessage> messages) {
        ArrayNode array = JsonNodeFactory.instance.arrayNode();
        messages.forEach(message -> array.add(message(message)));
        return array;
    }

    /** {@return a time in seconds} */
    private static double seconds(Duration time) {
        return time.toNanos() / 1e9;
    }
}
