package dev.longspan.output;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.longspan.ToolSpecification;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Turns the texts that a model writes for a tool's arguments into JSON, as the tool's schema says.
 *
 * <p>Where the schema gives a parameter's types ({@code type}, or those within {@code anyOf} and {@code oneOf}), a text that is
 * JSON of such a type becomes that; a text whose type may be string stays one, but for {@code null} where that is a type.
 * Without types only text that begins with <code>{</code> or {@code [} and parses becomes JSON. All other text is a string.
 */
final class ArgumentTypes {
    private static final int MAX_DEPTH = 8;

    private enum Type {
        INTEGER,
        NUMBER,
        BOOLEAN,
        NULL,
        OBJECT,
        ARRAY,
        STRING
    }

    private final @Nullable JsonNode properties;

    private ArgumentTypes(@Nullable JsonNode properties) {
        this.properties = properties;
    }

    static ArgumentTypes of(String tool, List<ToolSpecification> tools) {
        for (ToolSpecification candidate : tools) {
            if (candidate.name().equals(tool)) {
                JsonNode schema = ToolJson.parse(candidate.parameters());
                return new ArgumentTypes(schema == null ? null : schema.get("properties"));
            }
        }
        return new ArgumentTypes(null);
    }

    JsonNode value(String parameter, String text) {
        JsonNode schema = properties == null ? null : properties.get(parameter);
        Set<Type> types = EnumSet.noneOf(Type.class);
        if (schema != null) {
            collect(schema, types, 0);
        }
        String trimmed = text.strip();
        if (types.isEmpty()) {
            boolean structure = trimmed.startsWith("{") || trimmed.startsWith("[");
            JsonNode node = structure ? ToolJson.parse(trimmed) : null;
            return node == null ? TextNode.valueOf(text) : node;
        }
        if (types.contains(Type.BOOLEAN)
                && !types.contains(Type.STRING)
                && (trimmed.equalsIgnoreCase("true") || trimmed.equalsIgnoreCase("false"))) {
            return BooleanNode.valueOf(trimmed.equalsIgnoreCase("true"));
        }
        JsonNode node = trimmed.isEmpty() ? null : ToolJson.parse(trimmed);
        return node != null && fits(node, types) ? node : TextNode.valueOf(text);
    }

    private static void collect(JsonNode schema, Set<Type> types, int depth) {
        JsonNode type = schema.get("type");
        if (type != null) {
            add(type, types);
            type.forEach(one -> add(one, types));
        }
        for (String choice : List.of("anyOf", "oneOf")) {
            JsonNode schemas = schema.get(choice);
            if (schemas != null && depth < MAX_DEPTH) {
                schemas.forEach(one -> collect(one, types, depth + 1));
            }
        }
    }

    private static void add(JsonNode name, Set<Type> types) {
        for (Type type : Type.values()) {
            if (name.isTextual() && type.name().toLowerCase(Locale.ROOT).equals(name.textValue())) {
                types.add(type);
            }
        }
    }

    private static boolean fits(JsonNode node, Set<Type> types) {
        if (types.contains(Type.STRING)) {
            return node.isNull() && types.contains(Type.NULL);
        }
        return switch (node.getNodeType()) {
            case NUMBER -> types.contains(Type.NUMBER) || (types.contains(Type.INTEGER) && isWhole(node));
            case BOOLEAN -> types.contains(Type.BOOLEAN);
            case NULL -> types.contains(Type.NULL);
            case OBJECT -> types.contains(Type.OBJECT);
            case ARRAY -> types.contains(Type.ARRAY);
            default -> false;
        };
    }

    private static boolean isWhole(JsonNode number) {
        return number.isIntegralNumber()
                || number.decimalValue().stripTrailingZeros().scale() <= 0;
    }
}
