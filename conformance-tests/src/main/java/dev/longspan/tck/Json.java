package dev.longspan.tck;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A small strict reader of JSON, for the golden vectors and headers of safetensors files.
 *
 * <p>It exists because the kit depends on the SPI alone: whoever proves a backend should not get a JSON library with it.
 * Objects become maps in order, arrays lists, numbers {@link Num} with their text, so that a number can be read as
 * float32 without a detour over float64. Duplicate keys, trailing text and anything beyond RFC 8259 are refused.
 */
final class Json {
    private static final int DEPTH = 64;

    private final String text;
    private int at;
    private int depth;

    private Json(String text) {
        this.text = text;
    }

    /** A number as it was written. */
    record Num(String text) {
        int asInt() {
            return Integer.parseInt(text);
        }

        double asDouble() {
            return Double.parseDouble(text);
        }

        float asFloat() {
            return Float.parseFloat(text);
        }
    }

    /** The value of a whole text: Map, List, String, Num, Boolean or null. */
    static @Nullable Object parse(String text) {
        Json json = new Json(text);
        Object value = json.value();
        if (json.peek() != 0) {
            throw json.fault("the end");
        }
        return value;
    }

    @SuppressWarnings("unchecked")
    static Map<String, @Nullable Object> object(@Nullable Object value) {
        if (value instanceof Map<?, ?> map) {
            return (Map<String, @Nullable Object>) map;
        }
        throw new IllegalArgumentException("JSON: expected an object, found " + value);
    }

    @SuppressWarnings("unchecked")
    static List<@Nullable Object> array(@Nullable Object value) {
        if (value instanceof List<?> list) {
            return (List<@Nullable Object>) list;
        }
        throw new IllegalArgumentException("JSON: expected an array, found " + value);
    }

    static Num number(@Nullable Object value) {
        if (value instanceof Num number) {
            return number;
        }
        throw new IllegalArgumentException("JSON: expected a number, found " + value);
    }

    static String string(@Nullable Object value) {
        if (value instanceof String string) {
            return string;
        }
        throw new IllegalArgumentException("JSON: expected a string, found " + value);
    }

    private @Nullable Object value() {
        char c = peek();
        return switch (c) {
            case '{' -> nested('}');
            case '[' -> nested(']');
            case '"' -> quoted();
            case 't' -> word("true", true);
            case 'f' -> word("false", false);
            case 'n' -> word("null", null);
            default -> plainNumber();
        };
    }

    private Object nested(char end) {
        if (++depth > DEPTH) {
            throw fault("at most " + DEPTH + " levels");
        }
        at++;
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        List<@Nullable Object> list = new ArrayList<>();
        boolean first = true;
        while (peek() != end) {
            if (!first) {
                expect(',');
                peek();
            }
            first = false;
            if (end == ']') {
                list.add(value());
                continue;
            }
            String key = quoted();
            peek();
            expect(':');
            Object value = value();
            if (map.containsKey(key)) {
                throw fault("no second key '" + key + "'");
            }
            map.put(key, value);
        }
        at++;
        depth--;
        return end == ']' ? list : map;
    }

    private String quoted() {
        expect('"');
        StringBuilder result = new StringBuilder();
        while (at < text.length()) {
            char c = text.charAt(at++);
            if (c == '"') {
                return result.toString();
            } else if (c == '\\') {
                result.append(escaped());
            } else if (c < ' ') {
                throw fault("an escape for a control character");
            } else {
                result.append(c);
            }
        }
        throw fault("a closing quote");
    }

    private char escaped() {
        char c = at < text.length() ? text.charAt(at++) : 0;
        int plain = "\"\\/bfnrt".indexOf(c);
        if (plain >= 0 && c != 0) {
            return "\"\\/\b\f\n\r\t".charAt(plain);
        }
        if (c == 'u' && at + 4 <= text.length() && text.substring(at, at + 4).matches("[0-9a-fA-F]{4}")) {
            at += 4;
            return (char) Integer.parseInt(text.substring(at - 4, at), 16);
        }
        throw fault("an escape of JSON");
    }

    private Num plainNumber() {
        int from = at;
        while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        String number = text.substring(from, at);
        if (!isNumber(number)) {
            at = from;
            throw fault("a value");
        }
        return new Num(number);
    }

    /** Written out, since a regular expression is slow on a million numbers. */
    private static boolean isNumber(String s) {
        int i = s.startsWith("-") ? 1 : 0;
        int whole = digits(s, i);
        if (whole == i || (s.charAt(i) == '0' && whole > i + 1)) {
            return false;
        }
        i = whole;
        if (i < s.length() && s.charAt(i) == '.') {
            int fraction = digits(s, i + 1);
            if (fraction == i + 1) {
                return false;
            }
            i = fraction;
        }
        if (i < s.length() && (s.charAt(i) == 'e' || s.charAt(i) == 'E')) {
            int from = i + 1 < s.length() && (s.charAt(i + 1) == '+' || s.charAt(i + 1) == '-') ? i + 2 : i + 1;
            i = digits(s, from);
            return i > from && i == s.length();
        }
        return i == s.length();
    }

    private static int digits(String s, int from) {
        int i = from;
        while (i < s.length() && s.charAt(i) >= '0' && s.charAt(i) <= '9') {
            i++;
        }
        return i;
    }

    private @Nullable Object word(String word, @Nullable Object value) {
        if (!text.startsWith(word, at)) {
            throw fault("a value");
        }
        at += word.length();
        return value;
    }

    private void expect(char c) {
        if (at >= text.length() || text.charAt(at) != c) {
            throw fault("'" + c + "'");
        }
        at++;
    }

    /** The next character after white space, 0 at the end. */
    private char peek() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
        return at < text.length() ? text.charAt(at) : 0;
    }

    private IllegalArgumentException fault(String expected) {
        return new IllegalArgumentException("JSON: expected " + expected + " at character " + at);
    }
}
