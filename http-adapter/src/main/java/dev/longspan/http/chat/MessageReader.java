package dev.longspan.http.chat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.ChatMessage;
import dev.longspan.ToolCall;
import dev.longspan.http.server.Ids;
import dev.longspan.http.wire.ApiError;
import dev.longspan.http.wire.Fields;
import dev.longspan.http.wire.Json;
import dev.longspan.http.wire.StrictJson;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Reads the messages of a request. */
public final class MessageReader {
    private static final Set<String> TEXT_PARTS = Set.of("text", "input_text");
    private static final List<String> THINKING = List.of("reasoning_content", "thinking", "reasoning");
    private static final int MOST_PARTS = 10_000;
    /** Reads the arguments of calls, which are JSON in a string. */
    private static final StrictJson ARGUMENTS = new StrictJson(64);

    private static final int MOST_CALLS = 1_000;

    private MessageReader() {}

    /**
     * {@return the messages}
     *
     * @param most how many there may be
     */
    public static List<ChatMessage> read(Fields body, int most) {
        if (!body.has("messages")) {
            throw body.missing("messages", "an array of messages");
        }
        List<ChatMessage> messages = new ArrayList<>();
        for (Fields each : body.objects("messages", most)) {
            messages.add(message(each));
        }
        return messages;
    }

    private static ChatMessage message(Fields fields) {
        String role = fields.requiredString("role");
        fields.string("name"); // nothing depends on it
        return switch (role) {
            case "system", "developer" -> ChatMessage.system(required(fields));
            case "user" -> ChatMessage.user(required(fields));
            case "tool" -> ChatMessage.tool(fields.string("tool_call_id").orElse(""), required(fields));
            case "assistant" -> assistant(fields);
            default -> throw fields.outOfRange("role", "system, developer, user, assistant or tool", "'" + role + "'");
        };
    }

    private static String required(Fields fields) {
        if (!fields.has("content")) {
            throw fields.missing("content", "a string or an array of parts");
        }
        return content(fields);
    }

    private static ChatMessage assistant(Fields fields) {
        List<ToolCall> calls = calls(fields);
        if (calls.isEmpty() && !fields.has("content")) {
            throw fields.missing("content", "a string, an array of parts, or calls of tools");
        }
        String text = fields.has("content") ? content(fields) : "";
        String thinking = THINKING.stream()
                .map(name -> fields.string(name).orElse(""))
                .toList() // all of them are read: programs that gather our pieces have two of them, which say the same
                .stream()
                .filter(each -> !each.isEmpty())
                .findFirst()
                .orElse("");
        // what an answer has beside: it is sent back as it came
        fields.raw("parsed"); // what a client has made of the text
        for (String beside : List.of("refusal", "audio", "function_call")) {
            if (fields.has(beside)) {
                throw ApiError.unsupported(fields.path(beside), "expected null");
            }
        }
        if (fields.array("annotations").map(array -> !array.isEmpty()).orElse(false)) {
            throw ApiError.unsupported(fields.path("annotations"), "expected none");
        }
        return new ChatMessage.AssistantMessage(text, thinking, calls);
    }

    private static String content(Fields fields) {
        JsonNode content = fields.raw("content");
        if (!(content instanceof ArrayNode)) {
            if (content instanceof ObjectNode) {
                throw ApiError.invalid(
                        "invalid_type", fields.path("content"), "expected a string or an array, found an object");
            }
            return fields.requiredString("content");
        }
        StringBuilder text = new StringBuilder();
        for (Fields part : fields.objects("content", MOST_PARTS)) {
            String type = part.requiredString("type");
            if (!TEXT_PARTS.contains(type)) {
                throw ApiError.unsupported(
                        part.path("type"),
                        "expected a part of type text, found '" + ApiError.shortened(type, 40) + "'");
            }
            text.append(part.requiredString("text"));
        }
        return text.toString();
    }

    private static List<ToolCall> calls(Fields fields) {
        List<ToolCall> calls = new ArrayList<>();
        for (Fields call : fields.objects("tool_calls", MOST_CALLS)) {
            call.integer("index", 0, Integer.MAX_VALUE);
            String type = call.string("type").orElse("function");
            if (!type.equals("function")) {
                throw call.outOfRange("type", "function", "'" + type + "'");
            }
            Fields function = call.object("function").orElseThrow(() -> call.missing("function", "an object"));
            function.raw("parsed_arguments"); // what a client has made of the arguments
            String name = function.requiredString("name");
            if (name.isEmpty()) {
                throw function.outOfRange("name", "a name", "an empty one");
            }
            calls.add(new ToolCall(
                    call.string("id").orElseGet(() -> "call_" + Ids.quickHex(24)), name, arguments(function)));
        }
        return calls;
    }

    private static String arguments(Fields function) {
        JsonNode arguments = function.raw("arguments");
        if (arguments == null) {
            return "{}";
        }
        String text = arguments instanceof ObjectNode
                ? Fields.whole(function.path("arguments"), Json.write(arguments))
                : function.requiredString("arguments");
        if (text.isBlank()) { // as some programs write that there are none
            return "{}";
        }
        ARGUMENTS.problem(text).ifPresent(problem -> {
            throw ApiError.invalid("invalid_value", function.path("arguments"), problem);
        });
        return text;
    }
}
