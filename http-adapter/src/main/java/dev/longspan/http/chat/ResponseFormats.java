package dev.longspan.http.chat;

import dev.longspan.ToolSpecification;
import dev.longspan.http.server.Settings;
import dev.longspan.http.wire.ApiError;
import dev.longspan.http.wire.Fields;
import java.util.List;

/** The form an answer must have. Only text can be kept so far; the others are checked, and then refused. */
final class ResponseFormats {
    private ResponseFormats() {}

    static void check(Fields body, List<ToolSpecification> tools, Settings.Forms limits) {
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
            case "json_schema" -> schema(format, limits);
            case "regex" -> text(format, "regex", limits.regex());
            case "grammar" -> text(format, "grammar", limits.grammar());
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

    private static void schema(Fields format, Settings.Forms limits) {
        Fields schema = format.object("json_schema").orElseThrow(() -> format.missing("json_schema", "an object"));
        schema.requiredString("name");
        schema.string("description");
        schema.bool("strict");
        schema.node("schema").ifPresent(node -> SchemaLimits.check(schema.path("schema"), node, limits));
    }

    /** Checks the form that a text without a template must have: exactly one of three. */
    static void checkGrammar(Fields body, Settings.Forms limits) {
        Fields grammar = body.object("grammar").orElse(null);
        if (grammar == null) {
            return;
        }
        int forms = 0;
        for (String form : List.of("json_schema", "regex", "ebnf")) {
            forms += grammar.has(form) ? 1 : 0;
        }
        if (forms != 1) {
            throw body.outOfRange("grammar", "exactly one of json_schema, regex and ebnf", forms);
        }
        grammar.node("json_schema")
                .ifPresent(schema -> SchemaLimits.check(grammar.path("json_schema"), schema, limits));
        if (grammar.has("regex")) {
            text(grammar, "regex", limits.regex());
        } else if (grammar.has("ebnf")) {
            text(grammar, "ebnf", limits.grammar());
        }
        throw ApiError.unsupported("grammar", "texts of a given form are not offered yet");
    }

    private static void text(Fields format, String name, int most) {
        String text = format.requiredString(name);
        if (text.length() > most) {
            throw format.outOfRange(name, "at most " + most + " characters", text.length());
        }
    }
}
