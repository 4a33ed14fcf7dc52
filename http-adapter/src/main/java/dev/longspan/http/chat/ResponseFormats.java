package dev.longspan.http.chat;

import dev.longspan.ToolSpecification;
import dev.longspan.http.wire.ApiError;
import dev.longspan.http.wire.Fields;
import java.util.List;

/** The form an answer must have. Only text can be kept so far; the others are checked, and then refused. */
final class ResponseFormats {
    private static final int MOST_REGEX = 4_096;
    private static final int MOST_GRAMMAR = 8_192;

    private ResponseFormats() {}

    static void check(Fields body, List<ToolSpecification> tools) {
        Fields format = body.object("response_format").orElse(null);
        if (format == null) {
            return;
        }
        String type = format.requiredString("type");
        switch (type) {
            case "text" -> {
                return;
            }
            case "json_object" -> {}
            case "json_schema" -> schema(format);
            case "regex" -> text(format, "regex", MOST_REGEX);
            case "grammar" -> text(format, "grammar", MOST_GRAMMAR);
            default ->
                throw format.outOfRange("type", "text, json_object, json_schema, regex or grammar", "'" + type + "'");
        }
        if (!tools.isEmpty() && body.raw("tool_choice") != null && !isFree(body)) {
            throw body.outOfRange("response_format", "no forced tool_choice beside it", type);
        }
        throw ApiError.unsupported(
                format.path("type"), "answers of a given form are not offered yet, found '" + type + "'");
    }

    private static boolean isFree(Fields body) {
        var choice = body.raw("tool_choice");
        return choice != null && List.of("auto", "none").contains(choice.asText());
    }

    private static void schema(Fields format) {
        Fields schema = format.object("json_schema").orElseThrow(() -> format.missing("json_schema", "an object"));
        schema.requiredString("name");
        schema.string("description");
        schema.bool("strict");
        schema.node("schema").ifPresent(node -> ToolReader.SchemaLimits.check(schema.path("schema"), node));
    }

    private static void text(Fields format, String name, int most) {
        String text = format.requiredString(name);
        if (text.length() > most) {
            throw format.outOfRange(name, "at most " + most + " characters", text.length());
        }
    }
}
