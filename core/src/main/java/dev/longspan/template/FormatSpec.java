package dev.longspan.template;

import dev.longspan.template.TextFunctions.Align;
import dev.longspan.text.Origin;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** How one value is formatted: the part of a format string behind {@code %} or {@code :}. */
final class FormatSpec {
    private static final Pattern BRACE = Pattern.compile(
            "(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?(\\d+)?([,_])?(?:\\.(\\d+))?([a-zA-Z%])?", Pattern.DOTALL);
    /** What exact digits of a float cost, in steps. */
    private static final int FLOAT = 200;

    private static final int MAX_PRECISION = 1_000;

    int width = -1;
    int precision = -1;
    private TemplateText fill = TemplateText.of(" ");
    private char align;
    private char sign = '-';
    private boolean alternate;
    private char grouping;
    private char type;
    private boolean empty;

    /** Reads a spec as {@code str.format} has them. */
    static FormatSpec ofBraces(TemplateText text) {
        Matcher matcher = BRACE.matcher(text.chars());
        if (!matcher.matches()) {
            throw Fault.evaluation("invalid format specifier '" + text + "'");
        }
        FormatSpec spec = new FormatSpec();
        spec.empty = text.isEmpty();
        if (matcher.group(5) != null) {
            spec.flag('0');
        }
        if (matcher.group(2) != null) {
            spec.align = matcher.group(2).charAt(0);
            spec.fill = matcher.group(1) == null ? spec.fill : text.substring(matcher.start(1), matcher.end(1));
        }
        spec.sign = matcher.group(3) == null ? '-' : matcher.group(3).charAt(0);
        spec.alternate = matcher.group(4) != null;
        spec.width = number(matcher.group(6));
        spec.grouping = matcher.group(7) == null ? 0 : matcher.group(7).charAt(0);
        spec.precision = number(matcher.group(8));
        spec.type = matcher.group(9) == null ? 0 : matcher.group(9).charAt(0);
        return spec;
    }

    private static int number(@Nullable String digits) {
        return digits == null ? -1 : digits.length() > 9 ? Integer.MAX_VALUE : Integer.parseInt(digits);
    }

    /** Takes a flag as {@code %} has them. */
    void flag(char flag) {
        switch (flag) {
            case '-' -> align = '<';
            case '+' -> sign = '+';
            case ' ' -> sign = sign == '+' ? '+' : ' ';
            case '#' -> alternate = true;
            default -> {
                if (align == 0) {
                    align = '=';
                    fill = TemplateText.of("0");
                }
            }
        }
        if (flag == '-') {
            fill = TemplateText.of(" ");
        }
    }

    /** A text, cut to the precision and filled up to the width; on the right where nothing else is said. */
    TemplateText padded(TemplateText text, Budget budget) {
        TemplateText cut =
                precision >= 0 && precision < text.codePoints() ? Subscript.codePoints(text, 0, precision) : text;
        return filled(
                cut, align == 0 || align == '=' ? '>' : align, align == '=' ? TemplateText.of(" ") : fill, budget);
    }

    private TemplateText filled(TemplateText text, char where, TemplateText with, Budget budget) {
        if (where == '^') {
            int missing = Math.max(0, width - text.codePoints());
            TemplateText left = TextFunctions.pad(text, text.codePoints() + missing / 2, with, Align.RIGHT, budget);
            return TextFunctions.pad(left, width, with, Align.LEFT, budget);
        }
        return TextFunctions.pad(text, width, with, where == '<' ? Align.LEFT : Align.RIGHT, budget);
    }

    /** The value as {@code str.format} writes it with this spec. */
    TemplateText format(Object value, Rendering rendering) {
        Budget budget = rendering.budget();
        boolean number = Numbers.isNumber(value) && !(value instanceof Boolean && empty);
        if (!number) {
            if (type != 0 && type != 's') {
                throw Fault.evaluation("unknown format code '" + type + "' for a " + Types.name(value));
            }
            if (align == 0) {
                align = '<';
            }
            return padded(rendering.text(value), budget);
        }
        if (type == 0) {
            return value instanceof Double real
                    ? precision < 0
                            ? signed(Numbers.repr(Math.abs(real)), isNegative(real), budget)
                            : number(value, 'g', budget)
                    : number(value, 'd', budget);
        }
        if (type == 'd' && value instanceof Double) {
            throw Fault.evaluation("unknown format code 'd' for a float");
        }
        if (type == '%') {
            TemplateText percent = digits(Numbers.real(value) * 100, 'f', budget);
            return signed(percent.chars() + "%", isNegative(Numbers.real(value)), budget);
        }
        if ("bcdoxXneEfFgG".indexOf(type) < 0) {
            throw Fault.evaluation("unknown format code '" + type + "' for a " + Types.name(value));
        }
        if (type == 'c') {
            return padded(character(value), budget);
        }
        return number(value, type == 'n' ? 'd' : type, budget);
    }

    /** The character with a number. Numbers carry no mark and may be from outside, so it counts as if it were. */
    static TemplateText character(Object value) {
        if (!Numbers.isInteger(value) || !Character.isValidCodePoint(Numbers.clamp(value))) {
            throw Fault.evaluation("a character or a code point is wanted, not " + Types.name(value));
        }
        return TemplateText.marked(Character.toString(Numbers.clamp(value)), Origin.OUTSIDE);
    }

    private static boolean isNegative(double value) {
        return value < 0 || (value == 0 && 1 / value < 0);
    }

    /** A number in one of the forms b d o x X e E f F g G. */
    TemplateText number(Object value, char form, Budget budget) {
        if ("eEfFgG".indexOf(form) >= 0) {
            double real = Numbers.real(value);
            return signed(digits(Math.abs(real), form, budget).chars(), isNegative(real), budget);
        }
        BigInteger integer = value instanceof Double real ? whole(real) : Numbers.big(value);
        int radix = form == 'b' ? 2 : form == 'o' ? 8 : form == 'd' ? 10 : 16;
        budget.steps(integer.bitLength() / 4);
        String digits = integer.abs().toString(radix);
        if (precision > digits.length() && grouping == 0) {
            budget.chars(precision);
            digits = "0".repeat(precision - digits.length()) + digits;
        }
        digits = form == 'X' ? digits.toUpperCase(Locale.ROOT) : digits;
        return signed((alternate && radix != 10 ? "0" + form : "") + digits, integer.signum() < 0, budget);
    }

    private static BigInteger whole(double real) {
        if (Double.isNaN(real) || Double.isInfinite(real)) {
            throw Fault.evaluation("cannot convert float " + Numbers.repr(real) + " to integer");
        }
        return new BigDecimal(real).toBigInteger();
    }

    private TemplateText signed(String digits, boolean negative, Budget budget) {
        String shown = grouping == 0 ? digits : grouped(digits);
        String prefix = negative ? "-" : sign == '-' ? "" : String.valueOf(sign);
        if (align == '=') {
            TemplateText body =
                    TextFunctions.pad(TemplateText.of(shown), width - prefix.length(), fill, Align.RIGHT, budget);
            return TemplateText.of(prefix).concat(body);
        }
        return filled(TemplateText.of(prefix + shown), align == 0 ? '>' : align, fill, budget);
    }

    private String grouped(String digits) {
        int end = 0;
        while (end < digits.length() && Character.isDigit(digits.charAt(end))) {
            end++;
        }
        StringBuilder out = new StringBuilder(digits.substring(0, end));
        for (int i = end - 3; i > 0; i -= 3) {
            out.insert(i, grouping);
        }
        return out + digits.substring(end);
    }

    private TemplateText digits(double value, char form, Budget budget) {
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            String name = Double.isNaN(value) ? "nan" : "inf";
            return TemplateText.of(Character.isUpperCase(form) ? name.toUpperCase(Locale.ROOT) : name);
        }
        int places = precision < 0 ? 6 : precision;
        if (places > MAX_PRECISION) {
            throw Fault.limit("a precision of more than " + MAX_PRECISION + " digits");
        }
        budget.chars(places);
        budget.steps(FLOAT + places / 4);
        BigDecimal exact = new BigDecimal(value);
        String digits = switch (Character.toLowerCase(form)) {
            case 'f' -> exact.setScale(places, RoundingMode.HALF_EVEN).toPlainString();
            case 'e' -> scientific(exact, places);
            default -> general(exact, Math.max(1, places));
        };
        return TemplateText.of(Character.isUpperCase(form) ? digits.toUpperCase(Locale.ROOT) : digits);
    }

    private static String scientific(BigDecimal exact, int places) {
        BigDecimal rounded = exact.round(new MathContext(places + 1, RoundingMode.HALF_EVEN));
        String digits = rounded.unscaledValue().toString();
        int exponent = rounded.signum() == 0 ? 0 : digits.length() - 1 - rounded.scale();
        digits = digits.length() > places + 1
                ? digits.substring(0, places + 1)
                : digits + "0".repeat(places + 1 - digits.length());
        String mantissa = places == 0 ? digits : digits.charAt(0) + "." + digits.substring(1);
        return mantissa + "e" + (exponent < 0 ? "-" : "+") + (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
    }

    private String general(BigDecimal exact, int significant) {
        BigDecimal rounded = exact.round(new MathContext(significant, RoundingMode.HALF_EVEN));
        int exponent = rounded.signum() == 0 ? 0 : rounded.precision() - 1 - rounded.scale();
        boolean plain = exponent >= -4 && exponent < significant;
        String digits = plain
                ? rounded.setScale(Math.max(0, significant - 1 - exponent), RoundingMode.HALF_EVEN)
                        .toPlainString()
                : scientific(exact, significant - 1);
        return alternate ? digits : trimmed(digits);
    }

    private static String trimmed(String digits) {
        int exponent = digits.indexOf('e');
        String mantissa = exponent < 0 ? digits : digits.substring(0, exponent);
        if (mantissa.indexOf('.') >= 0) {
            int end = mantissa.length();
            while (mantissa.charAt(end - 1) == '0') {
                end--;
            }
            mantissa = mantissa.substring(0, mantissa.charAt(end - 1) == '.' ? end - 1 : end);
        }
        return exponent < 0 ? mantissa : mantissa + digits.substring(exponent);
    }
}
