package dev.longspan.template;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What Python's {@code json.dumps} writes, with the marks of the texts inside. */
final class Json {
    private final Budget budget;
    private final boolean ascii;
    private final boolean sorted;
    private final @Nullable TemplateText indent;
    private final TemplateText itemSeparator;
    private final TemplateText keySeparator;
    private final TemplateTextBuilder out = new TemplateTextBuilder();

    /**
     * Makes a writer for one value.
     *
     * @param indent what a level is indented by; null puts everything on one line
     * @param separators between items, and between key and value; null for Python's default
     */
    Json(Budget budget, boolean ascii, boolean sorted, @Nullable TemplateText indent, @Nullable ListValue separators) {
        this.budget = budget;
        this.ascii = ascii;
        this.sorted = sorted;
        this.indent = indent;
        this.itemSeparator =
                separators == null ? TemplateText.of(indent == null ? ", " : ",") : separator(separators, 0);
        this.keySeparator = separators == null ? TemplateText.of(": ") : separator(separators, 1);
    }

    private static TemplateText separator(ListValue separators, int index) {
        if (separators.items().size() == 2 && separators.items().get(index) instanceof TemplateText text) {
            return text;
        }
        throw Fault.evaluation("tojson wants 'separators' as two strings");
    }

    TemplateText write(Object value) {
        write(value, 0);
        return out.build();
    }

    private void write(Object value, int level) {
        budget.step();
        if (value instanceof TemplateText text) {
            string(text);
        } else if (value instanceof DictValue dict) {
            object(dict, level);
        } else if (value instanceof ListValue list) {
            array(list.items(), level);
        } else {
            budget.steps(Representation.cost(value));
            atom(literal(value));
        }
    }

    private static String literal(Object value) {
        if (value == None.NONE) {
            return "null";
        } else if (value instanceof Boolean || Numbers.isInteger(value)) {
            return value.toString();
        } else if (value instanceof Double number) {
            return number.isNaN()
                    ? "NaN"
                    : number.isInfinite() ? (number > 0 ? "Infinity" : "-Infinity") : Numbers.repr(number);
        }
        throw Fault.evaluation("Object of type " + Types.name(value) + " is not JSON serializable"
                + (value instanceof Undefined undefined ? ": " + undefined.problem() : ""));
    }

    private void atom(String text) {
        budget.chars(text.length());
        out.append(text);
    }

    private void array(List<Object> items, int level) {
        if (items.isEmpty()) {
            atom("[]");
            return;
        }
        budget.enter();
        atom("[");
        for (int i = 0; i < items.size(); i++) {
            line(i > 0, level + 1);
            write(items.get(i), level + 1);
        }
        end(level, "]");
    }

    private void object(DictValue dict, int level) {
        if (dict.size() == 0) {
            atom("{}");
            return;
        }
        budget.enter();
        atom("{");
        boolean more = false;
        for (Iterator<DictValue.Entry> it = entries(dict); it.hasNext(); more = true) {
            DictValue.Entry entry = it.next();
            line(more, level + 1);
            key(entry.key());
            piece(keySeparator);
            write(entry.value(), level + 1);
        }
        end(level, "}");
    }

    private Iterator<DictValue.Entry> entries(DictValue dict) {
        if (!sorted) {
            return dict.entries().iterator();
        }
        budget.elements(dict.size());
        List<DictValue.Entry> entries = new ArrayList<>(dict.entries());
        Comparison comparison = new Comparison(budget);
        entries.sort((a, b) -> comparison.compare(a.key(), b.key(), "<"));
        return entries.iterator();
    }

    private void key(Object key) {
        if (key instanceof TemplateText text) {
            string(text);
        } else if (key instanceof ListValue || key instanceof Undefined) {
            throw Fault.evaluation("keys must be str, int, float, bool or None, not " + Types.name(key));
        } else {
            atom("\"" + literal(key) + "\"");
        }
    }

    private void line(boolean separated, int level) {
        if (separated) {
            piece(itemSeparator);
        }
        if (indent != null) {
            atom("\n");
            for (int i = 0; i < level; i++) {
                piece(indent);
            }
        }
    }

    private void end(int level, String bracket) {
        line(false, level);
        atom(bracket);
        budget.leave();
    }

    private void piece(TemplateText text) {
        budget.chars(text.charCount());
        out.append(text);
    }

    private void string(TemplateText text) {
        long escaped = text.chars()
                .chars()
                .filter(c -> c < ' ' || c == '"' || c == '\\' || (ascii && c > '~'))
                .count();
        budget.chars(text.charCount() + 2L + 5 * escaped);
        budget.steps(2 * escaped + text.charCount() / 4);
        out.append("\"");
        Representation.escape(text, out, this::escape);
        out.append("\"");
    }

    private @Nullable String escape(int c) {
        return switch (c) {
            case '"' -> "\\\"";
            case '\\' -> "\\\\";
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            case '\f' -> "\\f";
            case '\b' -> "\\b";
            default -> c < ' ' || (ascii && c > '~') ? unicode(c) : null;
        };
    }

    private static String unicode(int c) {
        return c < 0x10000
                ? "\\u" + Representation.hex(c, 4)
                : unicode(Character.highSurrogate(c)) + unicode(Character.lowSurrogate(c));
    }
}
