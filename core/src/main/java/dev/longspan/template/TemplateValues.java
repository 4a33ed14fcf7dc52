package dev.longspan.template;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.text.Origin;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Turns Java values into values of the interpreter. */
public final class TemplateValues {
    private TemplateValues() {}

    /**
     * {@return a value for a template's context, in which every string, key or value, at any depth, is marked}
     *
     * @param value a string, boolean, number, map, list, JSON node or null; a {@link TemplateText} inside keeps its own marks
     * @param origin where it came from
     */
    public static Object marked(@Nullable Object value, Origin origin) {
        return convert(value, origin);
    }

    /** The same, where null as origin means that strings count as the template's own. */
    static Object convert(@Nullable Object value, @Nullable Origin origin) {
        if (value == null) {
            return None.NONE;
        } else if (value instanceof String text) {
            return TemplateText.of(text, origin);
        } else if (value instanceof Boolean || value instanceof Long || value instanceof Double) {
            return value;
        } else if (value instanceof Number number) {
            return number(number);
        } else if (value instanceof Map<?, ?> map) {
            DictValue dict = new DictValue();
            map.forEach((key, item) -> dict.put(convert(key, origin), convert(item, origin)));
            return dict;
        } else if (value instanceof JsonNode node) {
            return json(node, origin);
        } else if (value instanceof Iterable<?> items) {
            List<Object> list = new ArrayList<>();
            items.forEach(item -> list.add(convert(item, origin)));
            return ListValue.list(list);
        } else if (value instanceof TemplateText
                || value instanceof DictValue
                || value instanceof ListValue
                || value instanceof None) {
            return value;
        }
        throw new IllegalArgumentException("a template cannot be given a "
                + value.getClass().getName() + "; strings, booleans, numbers, maps, lists and null are what it knows");
    }

    private static Object number(Number number) {
        if (number instanceof BigInteger big) {
            return Numbers.integer(big);
        }
        if (number instanceof Float || number instanceof BigDecimal) {
            return number instanceof Float real
                    ? Double.valueOf(real.toString())
                    : Double.valueOf(number.doubleValue());
        }
        return number.longValue();
    }

    private static Object json(JsonNode node, @Nullable Origin origin) {
        if (node.isTextual()) {
            return TemplateText.of(node.textValue(), origin);
        } else if (node.isNumber()) {
            return convert(node.numberValue(), origin);
        } else if (node.isBoolean()) {
            return node.booleanValue();
        } else if (node.isObject()) {
            DictValue dict = new DictValue();
            node.properties()
                    .forEach(
                            entry -> dict.put(TemplateText.of(entry.getKey(), origin), json(entry.getValue(), origin)));
            return dict;
        } else if (node.isArray()) {
            List<Object> list = new ArrayList<>(node.size());
            node.forEach(item -> list.add(json(item, origin)));
            return ListValue.list(list);
        }
        return None.NONE;
    }
}
