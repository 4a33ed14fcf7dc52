package dev.longspan.http.chat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.ToolChoice;
import dev.longspan.ToolSpecification;
import dev.longspan.http.server.Settings;
import dev.longspan.http.wire.ApiError;
import dev.longspan.http.wire.Fields;
import dev.longspan.http.wire.Json;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** Reads the tools of a request, and whether they are to be called. */
final class ToolReader {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.-]{1,64}");

    private ToolReader() {}

    static List<ToolSpecification> tools(Fields body, Settings.Limits limits) {
        List<ToolSpecification> tools = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (Fields tool : body.objects("tools", limits.tools())) {
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
                SchemaLimits.check(function.path("parameters"), parameters, limits.forms());
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
}
