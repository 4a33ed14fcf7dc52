package dev.longspan.http.wire;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The members of a JSON object, each read by its name and type. Null counts as not given. What was not read is unknown, and
 * {@link #end} refuses it. Nothing is converted: {@code "5"} and {@code 5.0} are no integers.
 */
public final class Fields {
    /** So much of what others wrote is shown in a message. */
    private static final int SHOWN = 40;

    private final ObjectNode object;
    private final String path;
    private final Set<String> known = new HashSet<>();
    private final List<Fields> inner = new ArrayList<>();

    private Fields(ObjectNode object, String path) {
        this.object = object;
        this.path = path;
    }

    /** {@return the members of a body} */
    public static Fields of(ObjectNode body) {
        return new Fields(body, "");
    }

    /** {@return the path of a member} */
    public String path(String name) {
        return path.isEmpty() ? name : path + "." + name;
    }

    /** {@return what a value is, for messages} */
    static String kind(@Nullable JsonNode node) {
        if (node == null || node.isMissingNode()) {
            return "nothing";
        }
        return switch (node.getNodeType()) {
            case OBJECT -> "an object";
            case ARRAY -> "an array";
            case STRING -> "a string";
            case BOOLEAN -> node.asText();
            case NUMBER -> "the number " + ApiError.shortened(node.asText(), SHOWN);
            case NULL -> "null";
            default -> "something else";
        };
    }

    /** {@return whether a member is there and not null; it counts as read} */
    public boolean has(String name) {
        return raw(name) != null;
    }

    /** {@return a member as it is; null if it is not there, or null} */
    public @Nullable JsonNode raw(String name) {
        known.add(name);
        JsonNode node = object.get(name);
        return node == null || node.isNull() ? null : node;
    }

    private ApiError wrong(String name, String expected, JsonNode found) {
        return ApiError.invalid("invalid_type", path(name), "expected " + expected + ", found " + kind(found));
    }

    /** {@return that a member's value is not among those it may have} */
    public ApiError outOfRange(String name, String expected, Object found) {
        return ApiError.invalid(
                "invalid_value",
                path(name),
                "expected " + expected + ", found " + ApiError.shortened(String.valueOf(found), SHOWN));
    }

    /** {@return that a member must be there} */
    public ApiError missing(String name, String expected) {
        return ApiError.invalid("missing_field", path(name), "expected " + expected + ", found nothing");
    }

    /** {@return a string} */
    public Optional<String> string(String name) {
        JsonNode node = raw(name);
        if (node == null) {
            return Optional.empty();
        }
        return Optional.of(text(name, node));
    }

    private String text(String name, JsonNode node) {
        if (!node.isTextual()) {
            throw wrong(name, "a string", node);
        }
        return whole(path(name), node.textValue());
    }

    /** {@return the text of a path, which has no half of a surrogate pair} */
    public static String whole(String path, String text) {
        // what is left of a pair is seen as a code point of its own
        if (text.codePoints().anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)) {
            throw ApiError.invalid("invalid_value", path, "expected whole characters, found half of a surrogate pair");
        }
        return text;
    }

    /** {@return a string that must be there} */
    public String requiredString(String name) {
        return string(name).orElseThrow(() -> missing(name, "a string"));
    }

    /** {@return a truth value} */
    public Optional<Boolean> bool(String name) {
        JsonNode node = raw(name);
        if (node == null) {
            return Optional.empty();
        }
        if (!node.isBoolean()) {
            throw wrong(name, "true or false", node);
        }
        return Optional.of(node.booleanValue());
    }

    /** {@return an integer of a range} */
    public OptionalLong integer(String name, long least, long most) {
        JsonNode node = raw(name);
        if (node == null) {
            return OptionalLong.empty();
        }
        if (!node.isIntegralNumber()) {
            throw wrong(name, "an integer", node);
        }
        if (!node.canConvertToLong() || node.longValue() < least || node.longValue() > most) {
            boolean tooLarge =
                    node.bigIntegerValue().signum() > 0 && (!node.canConvertToLong() || node.longValue() > most);
            throw outOfRange(name, range(least, most, tooLarge), node.asText());
        }
        return OptionalLong.of(node.longValue());
    }

    /** What a program can hold at most is told only to who asks for more. */
    private static String range(long least, long most, boolean tooLarge) {
        return (most == Long.MAX_VALUE || most == Integer.MAX_VALUE) && !tooLarge
                ? "an integer of at least " + least
                : "an integer from " + least + " to " + most;
    }

    /** {@return an integer of a range} */
    public OptionalInt integer(String name, int least, int most) {
        OptionalLong value = integer(name, (long) least, (long) most);
        return value.isPresent() ? OptionalInt.of((int) value.getAsLong()) : OptionalInt.empty();
    }

    /** Which numbers a member may have. */
    public interface Range {
        /** {@return whether this is one of them} */
        boolean holds(double value);
    }

    /**
     * {@return a number}
     *
     * @param expected the range in words
     */
    public OptionalDouble number(String name, String expected, Range range) {
        JsonNode node = raw(name);
        if (node == null) {
            return OptionalDouble.empty();
        }
        if (!node.isNumber()) {
            throw wrong(name, "a number", node);
        }
        OptionalDouble value = real(node);
        if (value.isEmpty() || !holds(range, value.getAsDouble(), node.decimalValue())) {
            throw outOfRange(name, expected, node.asText());
        }
        return value;
    }

    /** {@return a number's nearest double; nothing if there is none, as it is too large, or so small that it would be zero} */
    public static OptionalDouble real(JsonNode number) {
        double value = number.doubleValue();
        boolean vanished = value == 0 && number.decimalValue().signum() != 0;
        return vanished || !Double.isFinite(value) ? OptionalDouble.empty() : OptionalDouble.of(value);
    }

    /** What was rounded to a bound may have been beyond it: then the double on its other side is, too. */
    private static boolean holds(Range range, double value, BigDecimal exact) {
        int beyond = exact.compareTo(new BigDecimal(value));
        return range.holds(value)
                && (beyond == 0 || range.holds(beyond > 0 ? Math.nextUp(value) : Math.nextDown(value)));
    }

    /** {@return an object, whose unknown members are refused with this one's} */
    public Optional<Fields> object(String name) {
        return node(name).map(node -> {
            Fields fields = new Fields(node, path(name));
            inner.add(fields);
            return fields;
        });
    }

    /** {@return an object as it is} */
    public Optional<ObjectNode> node(String name) {
        JsonNode node = raw(name);
        if (node == null) {
            return Optional.empty();
        }
        if (node instanceof ObjectNode found) {
            return Optional.of(found);
        }
        throw wrong(name, "an object", node);
    }

    /** {@return an array; empty if it is not there} */
    public Optional<ArrayNode> array(String name) {
        JsonNode node = raw(name);
        if (node == null) {
            return Optional.empty();
        }
        if (node instanceof ArrayNode found) {
            return Optional.of(found);
        }
        throw wrong(name, "an array", node);
    }

    /** {@return the objects of an array} */
    public List<Fields> objects(String name, int most) {
        List<Fields> objects = new ArrayList<>();
        ArrayNode array = array(name).orElse(null);
        if (array == null) {
            return objects;
        }
        if (array.size() > most) {
            throw ApiError.invalid(
                    "invalid_value", path(name), "expected at most " + most + " entries, found " + array.size());
        }
        for (int i = 0; i < array.size(); i++) {
            String each = name + "[" + i + "]";
            if (!(array.get(i) instanceof ObjectNode found)) {
                throw wrong(each, "an object", array.get(i));
            }
            Fields fields = new Fields(found, path(each));
            inner.add(fields);
            objects.add(fields);
        }
        return objects;
    }

    /** {@return the strings of an array} */
    public Optional<List<String>> strings(String name) {
        return array(name).map(array -> {
            List<String> strings = new ArrayList<>();
            for (int i = 0; i < array.size(); i++) {
                strings.add(text(name + "[" + i + "]", array.get(i)));
            }
            return strings;
        });
    }

    /** {@return the names of all members} */
    public List<String> names() {
        List<String> names = new ArrayList<>();
        for (Iterator<String> each = object.fieldNames(); each.hasNext(); ) {
            names.add(each.next());
        }
        return names;
    }

    /**
     * Ends the reading.
     *
     * @param unknown is told the path of each member that was not read, here and in all objects within
     */
    public void end(Consumer<String> unknown) {
        for (String name : names()) {
            if (!known.contains(name)) {
                unknown.accept(path(ApiError.shortened(name, SHOWN)));
            }
        }
        inner.forEach(fields -> fields.end(unknown));
    }

    /** Ends the reading: what is unknown is refused by name. */
    public void end() {
        end(name -> {
            throw ApiError.unsupported(name, "there is no such field");
        });
    }
}
