package dev.longspan.http.chat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.ToolChoice;
import dev.longspan.ToolSpecification;
import dev.longspan.http.wire.ApiError;
import dev.longspan.http.wire.Fields;
import dev.longspan.http.wire.Json;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Reads the tools of a request, and whether they are to be called. */
final class ToolReader {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.-]{1,64}");

    private ToolReader() {}

    static List<ToolSpecification> tools(Fields body, int most) {
        List<ToolSpecification> tools = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (Fields tool : body.objects("tools", most)) {
            String type = tool.requiredString("type");
            if (!type.equals("function")) {
                throw ApiError.unsupported(tool.path("type"), "expected function, found '" + type + "'");
            }
            Fields function = tool.object("function").orElseThrow(() -> tool.missing("function", "an object"));
            String name = function.requiredString("name");
            if (!NAME.matcher(name).matches()) {
                throw function.outOfRange("name", NAME.pattern(), "'" + name + "'");
            }
            if (!names.add(name)) {
                throw function.outOfRange("name", "names that differ", "'" + name + "' twice");
            }
            function.bool("strict"); // arguments are always read by the schema
            String description = function.string("description").orElse("");
            ObjectNode parameters = function.node("parameters").orElse(null);
            if (parameters != null) {
                SchemaLimits.check(function.path("parameters"), parameters);
            }
            tools.add(new ToolSpecification(name, description, parameters == null ? "" : Json.write(parameters)));
        }
        return tools;
    }

    static ToolChoice choice(Fields body, List<ToolSpecification> tools) {
        JsonNode choice = body.raw("tool_choice");
        if (choice == null) {
            return ToolChoice.AUTO;
        } else if (choice instanceof ObjectNode) {
            Fields fields = body.object("tool_choice").orElseThrow();
            String type = fields.requiredString("type");
            if (!type.equals("function")) {
                throw fields.outOfRange("type", "function", "'" + type + "'");
            }
            Fields function = fields.object("function").orElseThrow(() -> fields.missing("function", "an object"));
            String name = function.requiredString("name");
            if (tools.stream().noneMatch(tool -> tool.name().equals(name))) {
                throw function.outOfRange("name", "the name of one of the tools", "'" + name + "'");
            }
            return ToolChoice.of(name);
        }
        String word = body.requiredString("tool_choice");
        return switch (word) {
            case "auto" -> ToolChoice.AUTO;
            case "none" -> ToolChoice.NONE;
            case "required" -> {
                if (tools.isEmpty()) {
                    throw body.outOfRange("tool_choice", "tools to choose from", "none");
                }
                yield ToolChoice.REQUIRED;
            }
            default ->
                throw body.outOfRange(
                        "tool_choice", "auto, none, required, or a function by its name", "'" + word + "'");
        };
    }

    /** How large a JSON schema may be. */
    static final class SchemaLimits {
        private static final int BYTES = 64 << 10;
        private static final int DEPTH = 16;
        private static final int NODES = 16_384;

        private SchemaLimits() {}

        static void check(String path, ObjectNode schema) {
            int bytes = Json.write(schema).getBytes(StandardCharsets.UTF_8).length;
            require(path, "bytes", bytes, BYTES);
            require(path, "levels", depth(schema), DEPTH);
            require(path, "values", nodes(schema), NODES);
        }

        private static void require(String path, String what, int found, int most) {
            if (found > most) {
                throw ApiError.invalid(
                        "invalid_value",
                        path,
                        "expected a schema of at most " + most + " " + what + ", found " + found);
            }
        }

        private static int depth(JsonNode node) {
            int deepest = 0;
            for (JsonNode child : node) {
                deepest = Math.max(deepest, depth(child));
            }
            return node.isContainerNode() ? deepest + 1 : deepest;
        }

        private static int nodes(JsonNode node) {
            int count = 1;
            for (JsonNode child : node) {
                count += nodes(child);
            }
            return count;
        }
    }
}
