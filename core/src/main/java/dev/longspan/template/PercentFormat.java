package dev.longspan.template;

import java.util.List;

/** Python's {@code format % values}. */
final class PercentFormat {
    private final TemplateText format;
    private final Object values;
    private final Budget budget;
    private final Representation representation;
    private final TemplateTextBuilder out = new TemplateTextBuilder();
    private int position;
    private int used;

    PercentFormat(TemplateText format, Object values, Budget budget) {
        this.format = format;
        this.values = values;
        this.budget = budget;
        this.representation = new Representation(budget);
    }

    TemplateText format() {
        String chars = format.chars();
        int done = 0;
        for (int at = chars.indexOf('%'); at >= 0; at = chars.indexOf('%', position)) {
            append(format.substring(done, at));
            position = at + 1;
            directive();
            done = position;
        }
        append(format.substring(done, chars.length()));
        if (values instanceof ListValue list
                && list.tuple()
                && used < list.items().size()) {
            throw Fault.evaluation("not all arguments converted during string formatting");
        }
        if (used == 0 && !isMapping(values)) {
            throw Fault.evaluation("not all arguments converted during string formatting");
        }
        return out.build(format.isSafe());
    }

    /** Whether Python takes a value for a mapping, of which a format need use nothing. */
    private static boolean isMapping(Object value) {
        return value instanceof DictValue
                || value instanceof ListValue
                || value instanceof RangeValue
                || value instanceof Undefined;
    }

    private void append(TemplateText text) {
        budget.chars(text.charCount());
        out.append(text);
    }

    private char peek() {
        if (position >= format.charCount()) {
            throw Fault.evaluation("incomplete format");
        }
        return format.chars().charAt(position);
    }

    private void directive() {
        budget.steps(4);
        Object named = peek() == '(' ? named() : null;
        FormatSpec spec = new FormatSpec();
        for (; "-+ #0".indexOf(peek()) >= 0; position++) {
            spec.flag(peek());
        }
        spec.width = number(spec, true);
        if (peek() == '.') {
            position++;
            spec.precision = Math.max(0, number(spec, false));
        }
        while ("hlL".indexOf(peek()) >= 0) {
            position++;
        }
        char type = peek();
        position++;
        if (type == '%') {
            append(TemplateText.of("%"));
            return;
        }
        append(converted(type, named != null ? named : next(), spec));
    }

    private int number(FormatSpec spec, boolean width) {
        if (peek() == '*') {
            position++;
            Object value = next();
            if (!Numbers.isInteger(value)) {
                throw Fault.evaluation("* wants int");
            }
            int number = Numbers.clamp(value);
            if (width && number < 0) {
                spec.flag('-');
            }
            return Math.abs(Math.max(number, -Integer.MAX_VALUE));
        }
        long number = -1;
        for (; peek() >= '0' && peek() <= '9'; position++) {
            number = Math.min(Integer.MAX_VALUE, Math.max(0, number) * 10 + (peek() - '0'));
        }
        return (int) number;
    }

    private Object named() {
        int end = format.chars().indexOf(')', position);
        if (end < 0) {
            throw Fault.evaluation("incomplete format key");
        }
        String key = format.chars().substring(position + 1, end);
        position = end + 1;
        if (!(values instanceof DictValue dict)) {
            throw Fault.evaluation("format requires a mapping");
        }
        Object value = dict.get(key);
        if (value == null) {
            throw Fault.evaluation("the format's key '" + key + "' is missing");
        }
        used++;
        return value;
    }

    private Object next() {
        List<Object> all = values instanceof ListValue list && list.tuple() ? list.items() : List.of(values);
        if (used >= all.size()) {
            throw Fault.evaluation("not enough arguments for format string");
        }
        return all.get(used++);
    }

    private TemplateText converted(char type, Object value, FormatSpec spec) {
        switch (type) {
            case 's', 'r', 'a' -> {
                TemplateText text = type == 's'
                        ? representation.text(value)
                        : type == 'r' ? representation.repr(value) : representation.ascii(value);
                return spec.padded(
                        format.isSafe() && type == 's' ? TextFunctions.escapeHtml(text, budget) : text, budget);
            }
            case 'c' -> {
                TemplateText text = value instanceof TemplateText given ? given : FormatSpec.character(value);
                return spec.padded(text, budget);
            }
            case 'd', 'i', 'u', 'o', 'x', 'X', 'e', 'E', 'f', 'F', 'g', 'G' -> {
                if (value instanceof Undefined undefined) {
                    throw undefined.fault();
                }
                if (!Numbers.isNumber(value)) {
                    throw Fault.evaluation("%" + type + " format: a real number is required, not " + Types.name(value));
                }
                return spec.number(value, "iu".indexOf(type) >= 0 ? 'd' : type, budget);
            }
            default -> throw Fault.evaluation("unsupported format character '" + type + "'");
        }
    }
}
