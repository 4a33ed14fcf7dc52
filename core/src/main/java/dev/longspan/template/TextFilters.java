package dev.longspan.template;

import dev.longspan.template.Arguments.Bound;
import dev.longspan.template.TextFunctions.Align;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Filters that make text of text. Other values are turned into text first. */
final class TextFilters {
    private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{N}_]++");
    private static final int TRUNCATE_LEEWAY = 5;
    /** What writing a character in another way costs, in steps. */
    private static final int ENCODING = 10;

    private static final HexFormat HEX = HexFormat.of().withUpperCase();

    static final Map<String, Expression.Filter> ALL = Map.ofEntries(
            Map.entry("trim", (r, v, a) -> trim(r, r.text(v), a)),
            Map.entry("upper", (r, v, a) -> r.budget().made(TextFunctions.upper(r.text(v)))),
            Map.entry("lower", (r, v, a) -> r.budget().made(TextFunctions.lower(r.text(v)))),
            Map.entry("capitalize", (r, v, a) -> r.budget().made(TextFunctions.capitalize(r.text(v)))),
            Map.entry("title", (r, v, a) -> {
                r.budget().rewrite(r.text(v).charCount());
                return r.budget().made(TextFunctions.titleWords(r.text(v)));
            }),
            Map.entry("string", (r, v, a) -> r.text(v)),
            Map.entry("safe", (r, v, a) -> r.text(v).withSafe(true)),
            Map.entry("escape", (r, v, a) -> TextFunctions.escapeHtml(r.text(v), r.budget())),
            Map.entry("e", (r, v, a) -> TextFunctions.escapeHtml(r.text(v), r.budget())),
            Map.entry(
                    "forceescape",
                    (r, v, a) -> TextFunctions.escapeHtml(r.text(v).withSafe(false), r.budget())),
            Map.entry("replace", TextFilters::replace),
            Map.entry("join", TextFilters::join),
            Map.entry("indent", TextFilters::indent),
            Map.entry(
                    "center",
                    (r, v, a) -> TextFunctions.pad(
                            r.text(v),
                            a.bind("center", 0, "width").integer(0, 80),
                            TemplateText.of(" "),
                            Align.CENTER,
                            r.budget())),
            Map.entry("truncate", TextFilters::truncate),
            Map.entry("wordcount", (r, v, a) -> {
                r.budget().rewrite(r.text(v).charCount());
                return WORD.matcher(r.text(v).chars()).results().count();
            }),
            Map.entry("format", (r, v, a) -> {
                Object values = a.named().size() == 0 ? new ListValue(a.positional(), true) : a.named();
                return new PercentFormat(r.text(v), values, r.budget()).format();
            }),
            Map.entry("urlencode", TextFilters::urlEncode));

    private TextFilters() {}

    private static Object trim(Rendering rendering, TemplateText text, Arguments arguments) {
        Bound bound = arguments.bind("trim", 0, "chars");
        TemplateText cut = bound.has(0) && bound.get(0) != None.NONE ? bound.text(0) : null;
        rendering.budget().scan(text.charCount() + (cut == null ? 0 : 8L * cut.charCount()));
        return TextFunctions.strip(text, cut, true, true);
    }

    private static Object replace(Rendering rendering, Object input, Arguments arguments) {
        Bound bound = arguments.bind("replace", 2, "old", "new", "count");
        return TextFunctions.replace(
                rendering.text(input).withSafe(false),
                rendering.text(bound.get(0)),
                rendering.text(bound.get(1)),
                bound.integer(2, -1),
                rendering.budget());
    }

    private static Object join(Rendering rendering, Object input, Arguments arguments) {
        Bound bound = arguments.bind("join", 0, "d", "attribute");
        TemplateText separator = rendering.text(bound.get(0, TemplateText.EMPTY));
        Path path = bound.has(1) && bound.get(1) != None.NONE ? Path.of(bound.get(1)) : null;
        TemplateTextBuilder out = new TemplateTextBuilder();
        boolean more = false;
        for (Iterator<Object> items = Types.iterate(input); items.hasNext(); more = true) {
            Object item = items.next();
            TemplateText text = rendering.text(path == null ? item : path.get(item, rendering.budget()));
            rendering.budget().chars(text.charCount() + (long) separator.charCount());
            if (more) {
                out.append(separator);
            }
            out.append(text);
        }
        return out.build();
    }

    private static Object indent(Rendering rendering, Object input, Arguments arguments) {
        Bound bound = arguments.bind("indent", 0, "width", "first", "blank");
        Object width = bound.get(0, 4L);
        TemplateText by = width instanceof TemplateText text ? text : spaces(rendering, bound.integer(0, 4));
        boolean blank = bound.truth(2, false);
        if (!(input instanceof TemplateText text)) {
            throw input instanceof Undefined undefined
                    ? undefined.fault()
                    : Fault.evaluation("indent wants a string, not " + Types.name(input));
        }
        TemplateText newline = TemplateText.of("\n");
        List<Object> lines = TextFunctions.lines(text.concat(newline), false, rendering.budget());
        rendering.budget().chars(text.charCount() + (long) lines.size() * (by.charCount() + 1));
        TemplateTextBuilder out = new TemplateTextBuilder();
        if (bound.truth(1, false)) {
            out.append(by);
        }
        for (int i = 0; i < lines.size(); i++) {
            TemplateText line = (TemplateText) lines.get(i);
            if (i > 0) {
                out.append(newline);
                if (blank || !line.isEmpty()) {
                    out.append(by);
                }
            }
            out.append(line);
        }
        return out.build(text.isSafe());
    }

    private static TemplateText spaces(Rendering rendering, int count) {
        rendering.budget().chars(Math.max(0, count));
        return TemplateText.of(" ".repeat(Math.max(0, count)));
    }

    private static Object truncate(Rendering rendering, Object input, Arguments arguments) {
        Bound bound = arguments.bind("truncate", 0, "length", "killwords", "end", "leeway");
        TemplateText end = bound.text(2, "...");
        int length = bound.integer(0, 255);
        int endLength = end.codePoints();
        if (length < endLength) {
            throw Fault.evaluation("expected length >= " + endLength + ", got " + length);
        }
        if (Types.length(input) <= (long) length + bound.integer(3, TRUNCATE_LEEWAY)) {
            return input;
        }
        if (!(input instanceof TemplateText text)) {
            throw Fault.evaluation("truncate can't cut a " + Types.name(input));
        }
        TemplateText start = Subscript.codePoints(text, 0, length - endLength);
        if (!bound.truth(1, false) && start.chars().lastIndexOf(' ') >= 0) {
            start = start.substring(0, start.chars().lastIndexOf(' '));
        }
        rendering.budget().chars(text.charCount());
        return start.concat(end);
    }

    private static Object urlEncode(Rendering rendering, Object input, Arguments arguments) {
        if (input instanceof TemplateText || !Types.isIterable(input)) {
            return encoded(rendering, rendering.text(input), "/");
        }
        List<Object> pairs = input instanceof DictValue dict ? dict.items() : Types.elements(input, rendering.budget());
        TemplateTextBuilder out = new TemplateTextBuilder();
        for (Object pair : pairs) {
            List<Object> parts = new ArrayList<>(Types.elements(pair, rendering.budget()));
            if (parts.size() != 2) {
                throw Fault.evaluation("urlencode wants pairs");
            }
            out.append(out.length() == 0 ? "" : "&");
            out.append(encoded(rendering, rendering.text(parts.get(0)), ""));
            out.append("=").append(encoded(rendering, rendering.text(parts.get(1)), ""));
        }
        return out.build();
    }

    private static TemplateText encoded(Rendering rendering, TemplateText text, String kept) {
        rendering.budget().rewrite(text.charCount());
        rendering
                .budget()
                .steps(ENCODING
                        * text.chars().chars().filter(c -> !isKept(c, kept)).count());
        TemplateTextBuilder out = new TemplateTextBuilder();
        Representation.escape(text, out, c -> encode(c, kept));
        return rendering.budget().made(out.build());
    }

    private static boolean isKept(int c, String kept) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || "_.-~".indexOf(c) >= 0
                || kept.indexOf(c) >= 0;
    }

    private static @Nullable String encode(int c, String kept) {
        if (isKept(c, kept)) {
            return null;
        }
        if (c == ' ' && kept.isEmpty()) {
            return "+";
        }
        StringBuilder encoded = new StringBuilder();
        for (byte each : Character.toString(c).getBytes(StandardCharsets.UTF_8)) {
            encoded.append('%').append(HEX.toHexDigits(each));
        }
        return encoded.toString();
    }
}
