package dev.longspan.http.chat;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.ChatEvent;
import dev.longspan.ChatResponse;
import dev.longspan.ToolCall;
import dev.longspan.http.server.EventStream;
import dev.longspan.http.server.EventStream.GoneException;
import dev.longspan.http.wire.Json;
import java.util.OptionalLong;

/** The chunks of an answer that is streamed, in OpenAI's form. */
final class ChatChunks {
    private final ChatAnswers.Head head;
    private final EventStream events;
    private final boolean usage;
    private final long began = System.nanoTime();

    ChatChunks(ChatAnswers.Head head, EventStream events, boolean usage) {
        this.head = head;
        this.events = events;
        this.usage = usage;
    }

    private void send(ObjectNode chunk) throws GoneException {
        events.send(Json.write(chunk));
    }

    private void delta(ObjectNode delta) throws GoneException {
        send(head.chunk(delta, null));
    }

    void begin() throws GoneException {
        delta(ChatEndpoint.of("role", "assistant").put("content", ""));
    }

    void event(ChatEvent event, boolean progress) throws GoneException {
        if (event instanceof ChatEvent.TextDelta text) {
            delta(ChatEndpoint.of("content", text.text()));
        } else if (event instanceof ChatEvent.ThinkingDelta thinking) {
            thinking(thinking.text());
        } else if (event instanceof ChatEvent.ToolCallReady ready) {
            call(ready.index(), ready.call());
        } else if (event instanceof ChatEvent.PromptProgress read && progress) {
            ObjectNode chunk = head.bare();
            chunk.putObject("prompt_progress")
                    .put("total", read.totalTokens())
                    .put("cache", read.reusedTokens())
                    .put("processed", read.doneTokens())
                    .put("time_ms", (System.nanoTime() - began) / 1_000_000);
            send(chunk);
        }
    }

    private void thinking(String text) throws GoneException {
        delta(ChatEndpoint.of("thinking", text).put("reasoning_content", text));
    }

    private void call(int index, ToolCall call) throws GoneException {
        ObjectNode delta = Json.object();
        ArrayNode calls = delta.putArray("tool_calls");
        ObjectNode node = Json.object().put("index", index);
        node.setAll(ChatAnswers.call(call));
        calls.add(node);
        delta(delta);
    }

    /** Tells an answer that is known already. */
    void again(ChatResponse response) throws GoneException {
        if (!response.message().thinking().isEmpty()) {
            thinking(response.message().thinking());
        }
        if (!response.text().isEmpty()) {
            delta(ChatEndpoint.of("content", response.text()));
        }
        for (int i = 0; i < response.message().toolCalls().size(); i++) {
            call(i, response.message().toolCalls().get(i));
        }
    }

    void end(ChatResponse response, OptionalLong sequence) throws GoneException {
        ObjectNode last = head.chunk(Json.object(), response.finishReason());
        last.set("x_superlinear_timing", ChatAnswers.timing(response.timing()));
        sequence.ifPresent(number -> last.put("x_session_seq", number));
        events.letGo();
        send(last);
        if (usage) {
            ObjectNode chunk = head.bare();
            chunk.set("usage", ChatAnswers.usage(response.usage()));
            send(chunk);
        }
        events.sendLast("[DONE]");
    }
}
