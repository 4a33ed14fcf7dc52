package dev.longspan.template;

import org.jspecify.annotations.Nullable;

/** Python's {@code str.format}, reaching attributes and elements only as a template may. */
final class BraceFormat {
    private final TemplateText format;
    private final Arguments arguments;
    private final Rendering rendering;
    private int automatic;
    private boolean numbered;

    BraceFormat(TemplateText format, Arguments arguments, Rendering rendering) {
        this.format = format;
        this.arguments = arguments;
        this.rendering = rendering;
    }

    TemplateText format() {
        return expand(format, true).withSafe(format.isSafe());
    }

    /** Copies a text and fills in its fields; a spec may hold fields, too, but no deeper. */
    private TemplateText expand(TemplateText text, boolean outer) {
        String chars = text.chars();
        TemplateTextBuilder out = new TemplateTextBuilder();
        rendering.budget().chars(chars.length());
        int done = 0;
        for (int i = 0; i < chars.length(); i++) {
            char c = chars.charAt(i);
            if (c != '{' && c != '}') {
                continue;
            }
            rendering.budget().steps(2);
            out.append(text, done, i);
            if (i + 1 < chars.length() && chars.charAt(i + 1) == c) {
                done = ++i;
                continue;
            }
            if (c == '}' || (!outer && chars.indexOf('}', i) < 0)) {
                throw Fault.evaluation("single '" + c + "' encountered in format string");
            }
            int end = end(chars, i);
            rendering.budget().steps(4);
            TemplateText field = field(text.substring(i + 1, end), outer);
            rendering.budget().chars(field.charCount());
            out.append(field);
            done = end + 1;
            i = end;
        }
        return out.append(text, done, chars.length()).build();
    }

    private static int end(String chars, int start) {
        int depth = 0;
        for (int i = start; i < chars.length(); i++) {
            depth += chars.charAt(i) == '{' ? 1 : chars.charAt(i) == '}' ? -1 : 0;
            if (depth == 0) {
                return i;
            }
        }
        throw Fault.evaluation("expected '}' before end of string");
    }

    private TemplateText field(TemplateText field, boolean outer) {
        String chars = field.chars();
        int colon = chars.indexOf(':');
        int nameEnd = colon < 0 ? chars.length() : colon;
        int mark = chars.substring(0, nameEnd).lastIndexOf('!');
        Object value = value(chars.substring(0, mark < 0 ? nameEnd : mark));
        if (mark >= 0) {
            value = converted(value, chars.substring(mark + 1, nameEnd));
        }
        TemplateText spec = colon < 0 ? TemplateText.EMPTY : field.substring(colon + 1, chars.length());
        if (spec.isEmpty()) {
            return escaped(rendering.text(value));
        }
        if (spec.chars().indexOf('{') >= 0) {
            if (!outer) {
                throw Fault.evaluation("max string recursion exceeded");
            }
            spec = expand(spec, false);
        }
        return escaped(FormatSpec.ofBraces(spec).format(value, rendering));
    }

    private TemplateText escaped(TemplateText text) {
        return format.isSafe() ? TextFunctions.escapeHtml(text, rendering.budget()) : text;
    }

    private Object converted(Object value, String conversion) {
        return switch (conversion) {
            case "s" -> rendering.text(value);
            case "r" -> rendering.representation().repr(value);
            case "a" -> rendering.representation().ascii(value);
            default -> throw Fault.evaluation("unknown conversion specifier '" + conversion + "'");
        };
    }

    /** The value that a field name such as {@code 0}, {@code name.attribute} or {@code name[key]} stands for. */
    private Object value(String name) {
        int end = 0;
        while (end < name.length() && name.charAt(end) != '.' && name.charAt(end) != '[') {
            end++;
        }
        Object value = argument(name.substring(0, end));
        while (end < name.length()) {
            if (name.charAt(end) == '[') {
                int close = name.indexOf(']', end);
                if (close < 0) {
                    throw Fault.evaluation("missing ']' in format string");
                }
                String key = name.substring(end + 1, close);
                Long index = index(key);
                value = Subscript.element(value, index == null ? TemplateText.of(key) : index, rendering.budget());
                end = close + 1;
            } else {
                int next = end + 1;
                while (next < name.length() && name.charAt(next) != '.' && name.charAt(next) != '[') {
                    next++;
                }
                value = Subscript.attribute(value, name.substring(end + 1, next));
                end = next;
            }
        }
        return value;
    }

    private static @Nullable Long index(String text) {
        boolean digits = !text.isEmpty() && text.length() < 10 && text.chars().allMatch(c -> c >= '0' && c <= '9');
        return digits ? Long.valueOf(text) : null;
    }

    private Object argument(String name) {
        numbered |= index(name) != null;
        Long index = name.isEmpty() ? Long.valueOf(automatic++) : index(name);
        if (numbered && automatic > 0) {
            throw Fault.evaluation("fields with numbers and fields without them cannot be mixed in a format");
        }
        if (index == null) {
            Object value = arguments.named().get(name);
            if (value == null) {
                throw Fault.evaluation("the format's field '" + name + "' is missing");
            }
            return value;
        }
        if (index >= arguments.positional().size()) {
            throw Fault.evaluation("replacement index " + index + " out of range for positional arguments");
        }
        return arguments.positional().get(index.intValue());
    }
}
