package dev.longspan.template;

import java.math.BigInteger;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Python's {@code str} and {@code repr} of values, with the marks of the texts inside them. */
final class Representation {
    private final Budget budget;

    Representation(Budget budget) {
        this.budget = budget;
    }

    /** What {@code str(value)} gives; a text stays as it is. */
    TemplateText text(Object value) {
        if (value instanceof TemplateText text) {
            return text;
        }
        if (value instanceof Undefined) {
            return TemplateText.EMPTY;
        }
        return repr(value);
    }

    TemplateText repr(Object value) {
        TemplateTextBuilder out = new TemplateTextBuilder();
        write(value, out);
        return out.build();
    }

    /** What {@code ascii(value)} gives. */
    TemplateText ascii(Object value) {
        TemplateText text = repr(value);
        long escaped = text.chars().chars().filter(c -> c > '~').count();
        budget.chars(text.charCount() + 5 * escaped);
        budget.steps(escaped);
        TemplateTextBuilder out = new TemplateTextBuilder();
        escape(text, out, c -> c > '~' ? numbered(c) : null);
        return out.build();
    }

    private void write(Object value, TemplateTextBuilder out) {
        budget.step();
        if (value instanceof TemplateText text) {
            quote(text, out);
        } else if (value instanceof ListValue list) {
            String end = list.tuple() ? (list.items().size() == 1 ? ",)" : ")") : "]";
            write(list.tuple() ? "(" : "[", list.items(), end, out);
        } else if (value instanceof DictValue dict) {
            write(dict, out);
        } else if (value instanceof Namespace namespace) {
            out.append("<Namespace ");
            write(namespace.attributes(), out);
            out.append(">");
        } else if (value instanceof DictView view) {
            write(view.typeName() + "([", view.elements(), "])", out);
        } else {
            budget.steps(cost(value));
            String plain = atom(value);
            budget.chars(plain.length());
            out.append(plain);
        }
    }

    private void write(String start, List<Object> items, String end, TemplateTextBuilder out) {
        budget.enter();
        out.append(start);
        String separator = "";
        for (Object item : items) {
            out.append(separator);
            write(item, out);
            separator = ", ";
        }
        out.append(end);
        budget.leave();
    }

    private void write(DictValue dict, TemplateTextBuilder out) {
        budget.enter();
        out.append("{");
        for (Iterator<DictValue.Entry> it = dict.entries().iterator(); it.hasNext(); ) {
            DictValue.Entry entry = it.next();
            write(entry.key(), out);
            out.append(": ");
            write(entry.value(), out);
            out.append(it.hasNext() ? ", " : "");
        }
        out.append("}");
        budget.leave();
    }

    /** What writing a number in digits costs, in steps. */
    static int cost(Object value) {
        if (value instanceof Double number) {
            return Math.abs(Math.getExponent(number)) > Long.SIZE ? 1_500 : 100;
        }
        return value instanceof BigInteger big ? big.bitLength() / 2 : 0;
    }

    private String atom(Object value) {
        if (value instanceof Boolean flag) {
            return flag ? "True" : "False";
        } else if (value instanceof Double number) {
            return Numbers.repr(number);
        } else if (Numbers.isInteger(value)) {
            return value.toString();
        } else if (value == None.NONE) {
            return "None";
        } else if (value instanceof Undefined) {
            return "Undefined";
        } else if (value instanceof RangeValue range) {
            return "range(" + range.start() + ", " + range.stop()
                    + (range.step() == 1 ? ")" : ", " + range.step() + ")");
        }
        return "<" + Types.name(value) + " object>";
    }

    private void quote(TemplateText text, TemplateTextBuilder out) {
        String chars = text.chars();
        budget.chars(
                chars.length() + 2L + 4 * chars.chars().filter(c -> c < ' ').count());
        budget.steps(4 + chars.length() / 4);
        String quote = chars.indexOf('\'') >= 0 && chars.indexOf('"') < 0 ? "\"" : "'";
        out.append(text.isSafe() ? "Markup(" + quote : quote);
        escape(text, out, codePoint -> escapeOf(codePoint, quote.charAt(0)));
        out.append(text.isSafe() ? quote + ")" : quote);
    }

    /** Tells how a code point is written; null means as it is. */
    interface Escape {
        @Nullable
        String of(int codePoint);
    }

    /** Copies a text with some code points replaced; a replacement has the mark of what it replaces. */
    static void escape(TemplateText text, TemplateTextBuilder out, Escape escape) {
        String chars = text.chars();
        int done = 0;
        for (int i = 0; i < chars.length(); ) {
            int codePoint = chars.codePointAt(i);
            int next = i + Character.charCount(codePoint);
            String replacement = escape.of(codePoint);
            if (replacement != null) {
                out.append(text, done, i).append(replacement, text.originAt(i));
                done = next;
            }
            i = next;
        }
        out.append(text, done, chars.length());
    }

    private static @Nullable String escapeOf(int c, char quote) {
        return switch (c) {
            case '\\' -> "\\\\";
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            default -> {
                if (c == quote) {
                    yield "\\" + quote;
                }
                if (c == ' ' || (c > ' ' && c < 0x7f) || isPrintable(c)) {
                    yield null;
                }
                yield numbered(c);
            }
        };
    }

    private static String numbered(int c) {
        return c < 0x100 ? "\\x" + hex(c, 2) : c < 0x10000 ? "\\u" + hex(c, 4) : "\\U" + hex(c, 8);
    }

    /** A number in so many hexadecimal digits. */
    static String hex(int value, int digits) {
        char[] hex = new char[digits];
        for (int i = 0; i < digits; i++) {
            hex[i] = Character.forDigit(value >> (4 * (digits - 1 - i)) & 0xF, 16);
        }
        return new String(hex);
    }

    private static boolean isPrintable(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SPACE_SEPARATOR -> false;
            default -> true;
        };
    }
}
