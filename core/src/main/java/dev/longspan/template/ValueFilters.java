package dev.longspan.template;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.longspan.template.Arguments.Bound;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Filters on numbers and on values of any type. */
final class ValueFilters {
    private static final Pattern INTEGER = Pattern.compile("[+-]?\\d++(?:_\\d++)*+");
    private static final Pattern FLOAT = Pattern.compile(
            "[+-]?(?:(?:\\d++(?:_\\d++)*+\\.?(?:\\d++(?:_\\d++)*+)?|\\.\\d++(?:_\\d++)*+)(?:[eE][+-]?\\d++)?|inf|infinity|nan)",
            Pattern.CASE_INSENSITIVE);
    private static final int MAX_DIGITS = 4_300;
    private static final ObjectMapper JSON = new ObjectMapper();

    static final Map<String, Expression.Filter> ALL = Map.ofEntries(
            Map.entry("default", ValueFilters::byDefault),
            Map.entry("d", ValueFilters::byDefault),
            Map.entry("attr", (r, v, a) -> attribute(v, a)),
            Map.entry("tojson", ValueFilters::toJson),
            Map.entry("from_json", ValueFilters::fromJson),
            Map.entry("int", ValueFilters::toInt),
            Map.entry("float", ValueFilters::toFloat),
            Map.entry("abs", (r, v, a) -> absolute(v)),
            Map.entry("round", ValueFilters::round));

    private ValueFilters() {}

    private static Object byDefault(Rendering rendering, Object input, Arguments arguments) {
        Bound bound = arguments.bind("default", 0, "default_value", "boolean");
        boolean missing = input instanceof Undefined || (bound.truth(1, false) && !Types.truth(input));
        return missing ? bound.get(0, TemplateText.EMPTY) : input;
    }

    /** Python's own attribute and never an element. */
    private static Object attribute(Object value, Arguments arguments) {
        TemplateText name = arguments.bind("attr", 1, "name").text(0);
        return value instanceof DictValue dict
                        && dict.get(name.chars()) != null
                        && Methods.find(dict, name.chars()) == null
                ? Undefined.attribute(value, name.chars())
                : Subscript.attribute(value, name.chars());
    }

    private static Object toJson(Rendering rendering, Object input, Arguments arguments) {
        Bound bound = arguments.bind("tojson", 0, "ensure_ascii", "indent", "separators", "sort_keys");
        Object separators = bound.get(2, None.NONE);
        if (separators != None.NONE && !(separators instanceof ListValue)) {
            throw Fault.evaluation("tojson wants 'separators' as two strings");
        }
        return new Json(
                        rendering.budget(),
                        bound.truth(0, false),
                        bound.truth(3, false),
                        indent(rendering, bound),
                        separators instanceof ListValue list ? list : null)
                .write(input);
    }

    private static @Nullable TemplateText indent(Rendering rendering, Bound bound) {
        Object indent = bound.get(1, None.NONE);
        if (indent == None.NONE) {
            return null;
        }
        if (indent instanceof TemplateText text) {
            return text;
        }
        int width = Math.max(0, bound.integer(1));
        rendering.budget().chars(width);
        return TemplateText.of(" ".repeat(width));
    }

    /** Reads JSON. What it holds has the strongest mark of the text it was read from. */
    private static Object fromJson(Rendering rendering, Object input, Arguments arguments) {
        if (!(input instanceof TemplateText text)) {
            throw Fault.evaluation("from_json wants a string, not " + Types.name(input));
        }
        rendering.budget().chars(text.charCount());
        rendering.budget().steps(10);
        rendering.budget().elements(text.charCount() / 2);
        try {
            return TemplateValues.convert(JSON.readTree(text.chars()), text.origin());
        } catch (JsonProcessingException e) {
            throw Fault.evaluation("from_json: not JSON: " + e.getOriginalMessage());
        }
    }

    private static Object toInt(Rendering rendering, Object input, Arguments arguments) {
        Bound bound = arguments.bind("int", 0, "default", "base");
        Object otherwise = bound.get(0, 0L);
        if (input instanceof Undefined undefined) {
            throw undefined.fault();
        }
        if (input instanceof TemplateText text) {
            rendering.budget().scan(text.charCount());
            rendering.budget().steps(parsing(text.charCount()));
            Object parsed = parse(plain(text), bound.integer(1, 10));
            return parsed != null ? parsed : truncated(real(text), otherwise);
        }
        if (input instanceof Double number) {
            return truncated(number, otherwise);
        }
        return Numbers.isNumber(input) ? Numbers.integer(Numbers.big(input)) : otherwise;
    }

    /** What reading a number costs, in steps: more than its length where there are many digits. */
    private static long parsing(long length) {
        long digits = Math.min(length, MAX_DIGITS);
        return digits + digits * digits / 2_000;
    }

    /** What is read as a number: no white space around it, and digits of any script as those of ASCII. */
    private static String plain(TemplateText text) {
        String stripped = TextFunctions.strip(text, null, true, true).chars();
        return stripped.length() > MAX_DIGITS ? stripped : NumericChars.withAsciiDigits(stripped);
    }

    private static @Nullable Object parse(String text, int base) {
        if (text.length() > MAX_DIGITS || base < 2 || base > 36 || text.chars().anyMatch(c -> c >= 0x80)) {
            return null;
        }
        String digits = text.toLowerCase(Locale.ROOT);
        String prefix = base == 16 ? "0x" : base == 8 ? "0o" : base == 2 ? "0b" : "";
        if (!prefix.isEmpty() && digits.startsWith(prefix)) {
            digits = digits.substring(2);
        }
        if (base == 10 && !INTEGER.matcher(digits).matches()) {
            return null;
        }
        try {
            return Numbers.integer(new BigInteger(digits.replace("_", ""), base));
        } catch (NumberFormatException e) {
            return null;
        }
    }

    private static Object truncated(@Nullable Double number, Object otherwise) {
        return number == null || number.isNaN() || number.isInfinite()
                ? otherwise
                : Numbers.integer(new BigDecimal(number).toBigInteger());
    }

    private static @Nullable Double real(TemplateText text) {
        String digits = plain(text).toLowerCase(Locale.ROOT);
        if (digits.length() > MAX_DIGITS || !FLOAT.matcher(digits).matches()) {
            return null;
        }
        if (digits.endsWith("nan")) {
            return Double.NaN;
        }
        if (digits.contains("inf")) {
            return digits.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
        }
        return Double.valueOf(digits.replace("_", ""));
    }

    private static Object toFloat(Rendering rendering, Object input, Arguments arguments) {
        Object otherwise = arguments.bind("float", 0, "default").get(0, 0.0);
        if (input instanceof Undefined undefined) {
            throw undefined.fault();
        }
        if (input instanceof TemplateText text) {
            rendering.budget().scan(text.charCount());
            rendering.budget().steps(parsing(text.charCount()));
            Double number = real(text);
            return number == null ? otherwise : number;
        }
        return Numbers.isNumber(input) ? (Object) Numbers.real(input) : otherwise;
    }

    private static Object absolute(Object input) {
        if (input instanceof Undefined undefined) {
            throw undefined.fault();
        }
        if (!Numbers.isNumber(input)) {
            throw Fault.evaluation("bad operand type for abs(): '" + Types.name(input) + "'");
        }
        return input instanceof Double number
                ? (Object) Math.abs(number)
                : Numbers.integer(Numbers.big(input).abs());
    }

    private static Object round(Rendering rendering, Object input, Arguments arguments) {
        Bound bound = arguments.bind("round", 0, "precision", "method");
        String method = bound.text(1, "common").chars();
        int precision = bound.integer(0, 0);
        if (input instanceof Undefined undefined) {
            throw undefined.fault();
        }
        if (!Numbers.isNumber(input)) {
            throw Fault.evaluation("type " + Types.name(input) + " cannot be rounded");
        }
        if (!method.equals("common") && !method.equals("ceil") && !method.equals("floor")) {
            throw Fault.evaluation("round wants the method 'common', 'ceil' or 'floor', not '" + method + "'");
        }
        if (Math.abs((long) precision) > 400) {
            throw Fault.limit("a rounding precision of " + precision);
        }
        if (!method.equals("common")) {
            double scale = Math.pow(10, precision);
            double scaled = Numbers.real(input) * scale;
            // Python rounds to an integer, which has no negative zero
            return ((method.equals("ceil") ? Math.ceil(scaled) : Math.floor(scaled)) + 0.0) / scale;
        }
        rendering.budget().steps(100);
        if (!(input instanceof Double number)) {
            BigDecimal exact = new BigDecimal(Numbers.big(input));
            return Numbers.integer(exact.setScale(Math.min(precision, 0), RoundingMode.HALF_EVEN)
                    .toBigInteger());
        }
        return number.isNaN() || number.isInfinite()
                ? number
                : Math.copySign(
                        new BigDecimal(number)
                                .setScale(precision, RoundingMode.HALF_EVEN)
                                .doubleValue(),
                        number);
    }
}
