package dev.longspan.session;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.ChatMessage;
import dev.longspan.InvalidRequestException;
import dev.longspan.SnapshotCorruptException;
import dev.longspan.ThinkingMode;
import dev.longspan.ToolCall;
import dev.longspan.ToolSpecification;
import dev.longspan.model.StrictJson;
import dev.longspan.prompt.RenderSettings;
import dev.longspan.spi.ModelLoadException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.DateTimeException;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The part of a snapshot that people can read: the messages, and what each turn was rendered with.
 *
 * @param created when the session was opened
 * @param sequence how many turns were committed
 * @param messages the history
 * @param turns what each turn left behind
 */
record Transcript(ZonedDateTime created, long sequence, List<ChatMessage> messages, List<Committed.TurnRecord> turns) {
    static final String FILE = "transcript.json";
    private static final int SCHEMA = 1;
    private static final ObjectMapper MAPPER = new ObjectMapper();

    byte[] toJson() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("schema", SCHEMA);
        root.put("created", created.toString());
        root.put("sequence", sequence);
        ArrayNode list = root.putArray("messages");
        messages.forEach(message -> list.add(message(message)));
        ArrayNode records = root.putArray("turns");
        for (Committed.TurnRecord turn : turns) {
            ObjectNode record = records.addObject();
            record.put("messages", turn.messages());
            record.put("tokens", turn.tokens());
            settings(turn.settings(), record);
        }
        try {
            return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsBytes(root);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ObjectNode message(ChatMessage message) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        if (message instanceof ChatMessage.SystemMessage) {
            node.put("role", "system");
        } else if (message instanceof ChatMessage.UserMessage) {
            node.put("role", "user");
        } else if (message instanceof ChatMessage.ToolMessage result) {
            node.put("role", "tool");
            node.put("call_id", result.callId());
        } else if (message instanceof ChatMessage.AssistantMessage answer) {
            node.put("role", "assistant");
            node.put("thinking", answer.thinking());
            ArrayNode calls = node.putArray("tool_calls");
            for (ToolCall call : answer.toolCalls()) {
                calls.addObject().put("id", call.id()).put("name", call.name()).put("arguments", call.arguments());
            }
        }
        return node.put("text", message.text());
    }

    private static void settings(RenderSettings settings, ObjectNode node) {
        ArrayNode tools = node.putArray("tools");
        for (ToolSpecification tool : settings.tools()) {
            tools.addObject()
                    .put("name", tool.name())
                    .put("description", tool.description())
                    .put("parameters", tool.parameters());
        }
        node.put("thinking", settings.thinking().name());
        node.put("keep_thinking", settings.keepThinking());
        node.set("template_arguments", MAPPER.valueToTree(settings.arguments()));
    }

    /**
     * Reads a transcript.
     *
     * @param id the snapshot's id, for messages
     * @param json what {@link #toJson} wrote
     * @throws SnapshotCorruptException if it is anything else
     */
    static Transcript of(String id, byte[] json) {
        try {
            ObjectNode root = StrictJson.object(FILE, json, "");
            if (whole(root, "schema") != SCHEMA) {
                throw new IllegalArgumentException("schema: expected " + SCHEMA + ", found " + whole(root, "schema"));
            }
            List<ChatMessage> messages = new ArrayList<>();
            for (JsonNode node : list(root, "messages")) {
                messages.add(message(node));
            }
            List<Committed.TurnRecord> turns = new ArrayList<>();
            for (JsonNode node : list(root, "turns")) {
                int count = Math.toIntExact(whole(node, "messages"));
                if (count > messages.size()) {
                    throw new IllegalArgumentException(
                            "turns: expected at most " + messages.size() + " messages, found " + count);
                }
                turns.add(new Committed.TurnRecord(count, Math.toIntExact(whole(node, "tokens")), settings(node)));
            }
            return new Transcript(
                    ZonedDateTime.parse(text(root, "created")),
                    whole(root, "sequence"),
                    List.copyOf(messages),
                    List.copyOf(turns));
        } catch (ModelLoadException
                | IllegalArgumentException
                | ArithmeticException
                | DateTimeException
                | InvalidRequestException e) {
            throw new SnapshotCorruptException(id, FILE, String.valueOf(e.getMessage()), e);
        }
    }

    private static ChatMessage message(JsonNode node) {
        String text = text(node, "text");
        String role = text(node, "role");
        return switch (role) {
            case "system" -> ChatMessage.system(text);
            case "user" -> ChatMessage.user(text);
            case "tool" -> ChatMessage.tool(text(node, "call_id"), text);
            case "assistant" -> {
                List<ToolCall> calls = new ArrayList<>();
                for (JsonNode call : list(node, "tool_calls")) {
                    calls.add(new ToolCall(text(call, "id"), text(call, "name"), text(call, "arguments")));
                }
                yield new ChatMessage.AssistantMessage(text, text(node, "thinking"), calls);
            }
            default -> throw new IllegalArgumentException("role: expected a known one, found '" + role + "'");
        };
    }

    private static RenderSettings settings(JsonNode node) {
        List<ToolSpecification> tools = new ArrayList<>();
        for (JsonNode tool : list(node, "tools")) {
            tools.add(new ToolSpecification(text(tool, "name"), text(tool, "description"), text(tool, "parameters")));
        }
        JsonNode keep = node.get("keep_thinking");
        JsonNode arguments = node.get("template_arguments");
        if (keep == null || !keep.isBoolean() || arguments == null || !arguments.isObject()) {
            throw new IllegalArgumentException("turns: expected keep_thinking and template_arguments");
        }
        Map<String, Object> values = new LinkedHashMap<>();
        arguments
                .properties()
                .forEach(each -> values.put(each.getKey(), MAPPER.convertValue(each.getValue(), Object.class)));
        return new RenderSettings(tools, ThinkingMode.valueOf(text(node, "thinking")), keep.booleanValue(), values);
    }

    private static String text(JsonNode node, String key) {
        JsonNode value = node.get(key);
        if (value == null || !value.isTextual()) {
            throw new IllegalArgumentException(key + ": expected a string, found " + value);
        }
        return value.textValue();
    }

    private static long whole(JsonNode node, String key) {
        JsonNode value = node.get(key);
        if (value == null || !value.isIntegralNumber() || !value.canConvertToLong() || value.longValue() < 0) {
            throw new IllegalArgumentException(key + ": expected a whole number from 0, found " + value);
        }
        return value.longValue();
    }

    private static Iterable<JsonNode> list(JsonNode node, String key) {
        JsonNode value = node.get(key);
        if (value == null || !value.isArray()) {
            throw new IllegalArgumentException(key + ": expected a list, found " + value);
        }
        return value;
    }
}
