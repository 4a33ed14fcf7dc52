package dev.longspan.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.spi.ModelLoadException;
import java.util.ArrayList;
import java.util.List;

/**
 * A value in tokenizer.json and where it is, for errors that name it.
 *
 * @param node the value
 * @param path where it is, such as {@code pre_tokenizer.pretokenizers[0]}
 */
record JsonItem(JsonNode node, String path) {
    boolean has(String name) {
        return node.hasNonNull(name);
    }

    JsonItem get(String name) {
        JsonNode value = node.get(name);
        String place = path.isEmpty() ? name : path + "." + name;
        if (value == null || value.isNull()) {
            throw new ModelLoadException("tokenizer.json", place, "is missing");
        }
        return new JsonItem(value, place);
    }

    List<JsonItem> items() {
        if (!node.isArray()) {
            throw expected("an array");
        }
        List<JsonItem> items = new ArrayList<>(node.size());
        for (int i = 0; i < node.size(); i++) {
            items.add(new JsonItem(node.get(i), path + "[" + i + "]"));
        }
        return items;
    }

    String text() {
        if (!node.isTextual()) {
            throw expected("a string");
        }
        if (LoneSurrogates.in(node.textValue())) {
            throw refused("half of a surrogate pair");
        }
        return node.textValue();
    }

    String type() {
        return get("type").text();
    }

    /** {@return the one code point that a string consists of} */
    int codePoint() {
        String text = text();
        if (text.isEmpty() || text.codePointCount(0, text.length()) != 1) {
            throw expected("one character");
        }
        return text.codePointAt(0);
    }

    /** {@return the one char that a string consists of} */
    char character() {
        int codePoint = codePoint();
        if (codePoint > Character.MAX_VALUE) {
            throw refused("a character beyond U+FFFF");
        }
        return (char) codePoint;
    }

    long number() {
        if (!node.isIntegralNumber() || !node.canConvertToLong()) {
            throw expected("an integer");
        }
        return node.longValue();
    }

    boolean flag(String name, boolean otherwise) {
        return has(name) ? get(name).flag() : otherwise;
    }

    private boolean flag() {
        if (!node.isBoolean()) {
            throw expected("true or false");
        }
        return node.booleanValue();
    }

    ModelLoadException expected(String what) {
        String found = node.toString();
        String shown = found.length() > 80 ? found.substring(0, 80) + "…" : found;
        return new ModelLoadException("tokenizer.json", path, "expected " + what + ", found " + shown);
    }

    ModelLoadException refused(String what) {
        return new ModelLoadException("tokenizer.json", path, what + " is not supported");
    }
}
