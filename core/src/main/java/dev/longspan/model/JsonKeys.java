package dev.longspan.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.spi.ModelLoadException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.DoublePredicate;
import org.jspecify.annotations.Nullable;

/**
 * The keys of one JSON object, read with types and ranges. A key that is null counts as absent. A whole number is
 * written without point and exponent; a string is never a number.
 */
public final class JsonKeys {
    /** What stands for the file where a value was set by the application. */
    static final String OPTIONS = "model option";

    private final String file;
    private final ObjectNode root;
    private final Map<String, JsonNode> overrides;
    private final Set<String> used = new HashSet<>();

    /**
     * Takes an object.
     *
     * @param file the file it comes from, for messages
     * @param root the object
     */
    public JsonKeys(String file, ObjectNode root) {
        this(file, root, Map.of());
    }

    JsonKeys(String file, ObjectNode root, Map<String, JsonNode> overrides) {
        this.file = file;
        this.root = root;
        this.overrides = overrides;
    }

    /** {@return the value of a key; null if it is absent} */
    public @Nullable JsonNode node(String key) {
        used.add(key);
        JsonNode node = overrides.getOrDefault(key, root.get(key));
        return node == null || node.isNull() ? null : node;
    }

    boolean has(String key) {
        return node(key) != null;
    }

    /** The first of several spellings that is there, or the first spelling of all. */
    String spelling(String... spellings) {
        String found = null;
        for (String each : spellings) {
            if (has(each) && found == null) {
                found = each;
            }
        }
        return found == null ? spellings[0] : found;
    }

    /** {@return the fault of a key that is not what was expected} */
    public ModelLoadException fault(String key, String expected) {
        JsonNode node = node(key);
        String source = overrides.containsKey(key) ? OPTIONS : file;
        return new ModelLoadException(
                source, key, "expected " + expected + ", found " + (node == null ? "nothing" : StrictJson.show(node)));
    }

    /** {@return a whole number that must be there} */
    public int integer(String key, int min, int max) {
        Integer value = optionalInteger(key, min, max);
        if (value == null) {
            throw fault(key, wholeNumber(min, max));
        }
        return value;
    }

    int integer(String key, int min, int max, int absent) {
        Integer value = optionalInteger(key, min, max);
        return value == null ? absent : value;
    }

    @Nullable
    Integer optionalInteger(String key, int min, int max) {
        JsonNode node = node(key);
        if (node == null) {
            return null;
        }
        if (!node.isIntegralNumber() || !node.canConvertToInt() || node.intValue() < min || node.intValue() > max) {
            throw fault(key, wholeNumber(min, max));
        }
        return node.intValue();
    }

    /** One whole number or a list of them; empty if absent. */
    List<Integer> integers(String key, int min, int max) {
        JsonNode node = node(key);
        if (node == null) {
            return List.of();
        }
        List<Integer> values = new ArrayList<>();
        for (JsonNode each : node.isArray() ? node : List.of(node)) {
            if (!each.isIntegralNumber() || !each.canConvertToInt() || each.intValue() < min || each.intValue() > max) {
                throw fault(key, wholeNumber(min, max) + ", or a list of them");
            }
            if (!values.contains(each.intValue())) {
                values.add(each.intValue());
            }
        }
        return List.copyOf(values);
    }

    private static String wholeNumber(int min, int max) {
        return "a whole number from " + min + " to " + max;
    }

    double number(String key, DoublePredicate valid, String expected) {
        Double value = optionalNumber(key, valid, expected);
        if (value == null) {
            throw fault(key, expected);
        }
        return value;
    }

    double number(String key, DoublePredicate valid, String expected, double absent) {
        Double value = optionalNumber(key, valid, expected);
        return value == null ? absent : value;
    }

    @Nullable
    Double optionalNumber(String key, DoublePredicate valid, String expected) {
        JsonNode node = node(key);
        if (node == null) {
            return null;
        }
        double value = node.doubleValue();
        if (!node.isNumber() || !Double.isFinite(value) || !valid.test(value)) {
            throw fault(key, expected);
        }
        return value;
    }

    @Nullable
    Boolean optionalBool(String key) {
        JsonNode node = node(key);
        if (node == null) {
            return null;
        }
        if (!node.isBoolean()) {
            throw fault(key, "true or false");
        }
        return node.booleanValue();
    }

    boolean bool(String key, boolean absent) {
        Boolean value = optionalBool(key);
        return value == null ? absent : value;
    }

    /** {@return a string that must be there} */
    public String string(String key) {
        String value = optionalString(key);
        if (value == null) {
            throw fault(key, "a string");
        }
        return value;
    }

    /** {@return a string; null if it is absent} */
    public @Nullable String optionalString(String key) {
        JsonNode node = node(key);
        if (node == null) {
            return null;
        }
        if (!node.isTextual()) {
            throw fault(key, "a string");
        }
        return node.textValue();
    }

    /** The keys that were never asked for, with their values as JSON, in the order of the file. */
    public Map<String, String> unused() {
        Map<String, String> rest = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : root.properties()) {
            if (!used.contains(entry.getKey())) {
                rest.put(entry.getKey(), entry.getValue().toString());
            }
        }
        return Collections.unmodifiableMap(rest);
    }
}
