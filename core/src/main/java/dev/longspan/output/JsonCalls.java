package dev.longspan.output;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.ToolCallException;
import dev.longspan.ToolParser.Call;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Calls that are written as JSON objects with a name and arguments. */
final class JsonCalls {
    private JsonCalls() {}

    /**
     * {@return the calls of an array of objects, or of one object}
     *
     * @throws ToolCallException if the text is something else
     */
    static List<Call> of(String json) {
        JsonNode node = ToolJson.parse(json);
        if (node == null) {
            throw ToolCallException.malformed("expected JSON, found what does not parse");
        }
        List<Call> calls = new ArrayList<>();
        if (node.isArray()) {
            node.forEach(one -> calls.add(call(one)));
        } else {
            calls.add(call(node));
        }
        return calls;
    }

    private static Call call(JsonNode node) {
        JsonNode name = node.get("name");
        if (name == null || !name.isTextual() || name.textValue().isBlank()) {
            throw ToolCallException.malformed("expected an object with a tool's name under \"name\", found none");
        }
        return new Call(name.textValue(), arguments(node));
    }

    private static String arguments(JsonNode node) {
        JsonNode arguments = node.has("arguments") ? node.get("arguments") : node.get("parameters");
        if (arguments == null || arguments.isNull()) {
            return "{}";
        }
        return checked(arguments.isTextual() ? ToolJson.parse(arguments.textValue()) : arguments);
    }

    /**
     * {@return the object of a text}
     *
     * @throws ToolCallException if the text is something else
     */
    static String object(String json) {
        return checked(ToolJson.parse(json));
    }

    private static String checked(@Nullable JsonNode arguments) {
        if (arguments == null || !arguments.isObject()) {
            throw ToolCallException.malformed("expected an object of arguments, found something else");
        }
        return ToolJson.write(arguments);
    }

    /** {@return whether a text is an object with a name and arguments} */
    static boolean isCall(String json) {
        JsonNode node = ToolJson.parse(json);
        return node != null
                && node.isObject()
                && node.path("name").isTextual()
                && (node.path("parameters").isObject() || node.path("arguments").isObject());
    }
}
