package dev.longspan.template;

import dev.longspan.template.Arguments.Bound;
import dev.longspan.template.TextFunctions.Align;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** The methods of strings. */
final class StringMethods {
    /** A method, given its string. */
    interface Method {
        Object call(Rendering rendering, TemplateText self, Arguments arguments);
    }

    static final Map<String, Method> ALL = Map.ofEntries(
            Map.entry("strip", (r, s, a) -> strip(r, s, a, true, true)),
            Map.entry("lstrip", (r, s, a) -> strip(r, s, a, true, false)),
            Map.entry("rstrip", (r, s, a) -> strip(r, s, a, false, true)),
            Map.entry("split", (r, s, a) -> split(r, s, a, false)),
            Map.entry("rsplit", (r, s, a) -> split(r, s, a, true)),
            Map.entry(
                    "splitlines",
                    (r, s, a) -> ListValue.list(TextFunctions.lines(
                            s, a.bind("splitlines", 0, "keepends").truth(0, false), r.budget()))),
            Map.entry("partition", (r, s, a) -> partition(r, s, a, false)),
            Map.entry("rpartition", (r, s, a) -> partition(r, s, a, true)),
            Map.entry("startswith", (r, s, a) -> affix(s, a, true)),
            Map.entry("endswith", (r, s, a) -> affix(s, a, false)),
            Map.entry("removeprefix", StringMethods::removePrefix),
            Map.entry("removesuffix", StringMethods::removeSuffix),
            Map.entry("replace", StringMethods::replace),
            Map.entry("find", (r, s, a) -> find(r, s, a, false, false)),
            Map.entry("rfind", (r, s, a) -> find(r, s, a, true, false)),
            Map.entry("index", (r, s, a) -> find(r, s, a, false, true)),
            Map.entry("rindex", (r, s, a) -> find(r, s, a, true, true)),
            Map.entry("count", StringMethods::count),
            Map.entry("join", StringMethods::join),
            Map.entry("format", (r, s, a) -> new BraceFormat(s, a, r).format()),
            Map.entry("upper", (r, s, a) -> plain(r, a, TextFunctions.upper(s))),
            Map.entry("lower", (r, s, a) -> plain(r, a, TextFunctions.lower(s))),
            Map.entry("casefold", (r, s, a) -> plain(r, a, CaseFolding.fold(rewritten(r, s)))),
            Map.entry("title", (r, s, a) -> plain(r, a, TextFunctions.title(rewritten(r, s)))),
            Map.entry("capitalize", (r, s, a) -> plain(r, a, TextFunctions.capitalize(s))),
            Map.entry("swapcase", (r, s, a) -> plain(r, a, TextFunctions.swapCase(rewritten(r, s)))),
            Map.entry("center", (r, s, a) -> pad(r, s, a, Align.CENTER)),
            Map.entry("ljust", (r, s, a) -> pad(r, s, a, Align.LEFT)),
            Map.entry("rjust", (r, s, a) -> pad(r, s, a, Align.RIGHT)),
            Map.entry("zfill", StringMethods::zeroFill),
            Map.entry("isspace", (r, s, a) -> all(r, s, TextFunctions::isSpace)),
            Map.entry("isalpha", (r, s, a) -> all(r, s, Character::isLetter)),
            Map.entry("isdigit", (r, s, a) -> all(r, s, NumericChars::isDigit)),
            Map.entry("isdecimal", (r, s, a) -> all(r, s, Character::isDigit)),
            Map.entry("isnumeric", (r, s, a) -> all(r, s, NumericChars::isNumeric)),
            Map.entry("isalnum", (r, s, a) -> all(r, s, c -> Character.isLetter(c) || NumericChars.isNumeric(c))),
            Map.entry("isascii", (r, s, a) -> s.chars().chars().allMatch(c -> c < 0x80)),
            Map.entry("isupper", (r, s, a) -> isCase(s, Character::isUpperCase)),
            Map.entry("islower", (r, s, a) -> isCase(s, Character::isLowerCase)),
            Map.entry(
                    "istitle",
                    (r, s, a) -> isCase(s, c -> true)
                            && TextFunctions.title(rewritten(r, s)).equals(s)));

    private StringMethods() {}

    private static Object plain(Rendering rendering, Arguments arguments, TemplateText result) {
        arguments.bind("the method", 0);
        return rendering.budget().made(result);
    }

    private static TemplateText rewritten(Rendering rendering, TemplateText text) {
        rendering.budget().rewrite(text.charCount());
        return text;
    }

    private static @Nullable TemplateText optional(Bound bound, int index) {
        return !bound.has(index) || bound.get(index) == None.NONE ? null : bound.text(index);
    }

    private static Object strip(
            Rendering rendering, TemplateText self, Arguments arguments, boolean left, boolean right) {
        TemplateText cut = optional(arguments.bind("strip", 0, "chars"), 0);
        rendering.budget().scan(cut == null ? 0 : 8L * cut.charCount());
        return TextFunctions.strip(self, cut, left, right);
    }

    private static Object split(Rendering rendering, TemplateText self, Arguments arguments, boolean right) {
        Bound bound = arguments.bind("split", 0, "sep", "maxsplit");
        TemplateText separator = optional(bound, 0);
        int limit = bound.integer(1, -1);
        Budget budget = rendering.budget();
        if (separator == null) {
            return ListValue.list(
                    right
                            ? TextFunctions.wordsFromRight(self, limit, budget)
                            : TextFunctions.words(self, limit, budget));
        }
        return ListValue.list(
                right
                        ? TextFunctions.splitFromRight(self, separator, limit, budget)
                        : TextFunctions.split(self, separator, limit, budget));
    }

    private static Object partition(Rendering rendering, TemplateText self, Arguments arguments, boolean right) {
        TemplateText separator = arguments.bind("partition", 1, "sep").text(0);
        if (separator.isEmpty()) {
            throw Fault.evaluation("empty separator");
        }
        int at = right
                ? TextSearch.last(self, separator, rendering.budget())
                : TextSearch.first(self, separator, rendering.budget());
        if (at < 0) {
            return right
                    ? ListValue.tuple(TemplateText.EMPTY, TemplateText.EMPTY, self)
                    : ListValue.tuple(self, TemplateText.EMPTY, TemplateText.EMPTY);
        }
        int end = at + separator.charCount();
        return ListValue.tuple(self.substring(0, at), self.substring(at, end), self.substring(end, self.charCount()));
    }

    private static Object affix(TemplateText self, Arguments arguments, boolean start) {
        Bound bound = arguments.bind(start ? "startswith" : "endswith", 1, start ? "prefix" : "suffix", "start", "end");
        TemplateText range = range(self, bound);
        List<Object> choices =
                bound.get(0) instanceof ListValue list && list.tuple() ? list.items() : List.of(bound.text(0));
        for (Object choice : choices) {
            if (!(choice instanceof TemplateText affix)) {
                throw Fault.evaluation(
                        "tuple for startswith or endswith must only contain str, not " + Types.name(choice));
            }
            if (range != null
                    && (start
                            ? range.chars().startsWith(affix.chars())
                            : range.chars().endsWith(affix.chars()))) {
                return true;
            }
        }
        return false;
    }

    /**
     * The part of a string that the arguments start and end (second and third) choose; null if it starts behind its
     * end, where not even an empty text is found.
     */
    private static @Nullable TemplateText range(TemplateText self, Bound bound) {
        if (!bound.has(1) && !bound.has(2)) {
            return self;
        }
        int length = self.codePoints();
        int start = fromStart(bound.integer(1, 0), length);
        int end = Math.min(fromStart(bound.integer(2, length), length), length);
        return start <= end ? Subscript.codePoints(self, start, end) : null;
    }

    private static int fromStart(int index, int length) {
        return index < 0 ? Math.max(0, index + length) : index;
    }

    private static Object removePrefix(Rendering rendering, TemplateText self, Arguments arguments) {
        TemplateText prefix = arguments.bind("removeprefix", 1, "prefix").text(0);
        return self.chars().startsWith(prefix.chars()) ? self.substring(prefix.charCount(), self.charCount()) : self;
    }

    private static Object removeSuffix(Rendering rendering, TemplateText self, Arguments arguments) {
        TemplateText suffix = arguments.bind("removesuffix", 1, "suffix").text(0);
        return self.chars().endsWith(suffix.chars()) ? self.substring(0, self.charCount() - suffix.charCount()) : self;
    }

    private static Object replace(Rendering rendering, TemplateText self, Arguments arguments) {
        Bound bound = arguments.bind("replace", 2, "old", "new", "count");
        return TextFunctions.replace(self, bound.text(0), bound.text(1), bound.integer(2, -1), rendering.budget());
    }

    private static Object find(
            Rendering rendering, TemplateText self, Arguments arguments, boolean last, boolean must) {
        Bound bound = arguments.bind(must ? "index" : "find", 1, "sub", "start", "end");
        TemplateText range = range(self, bound);
        TemplateText part = bound.text(0);
        int at = range == null
                ? -1
                : last
                        ? TextSearch.last(range, part, rendering.budget())
                        : TextSearch.first(range, part, rendering.budget());
        if (range == null || at < 0) {
            if (must) {
                throw Fault.evaluation("substring not found");
            }
            return -1L;
        }
        return (long) range.chars().codePointCount(0, at) + fromStart(bound.integer(1, 0), self.codePoints());
    }

    private static Object count(Rendering rendering, TemplateText self, Arguments arguments) {
        Bound bound = arguments.bind("count", 1, "sub", "start", "end");
        TemplateText range = range(self, bound);
        TemplateText part = bound.text(0);
        return range == null ? 0L : (long) TextFunctions.count(range, part, rendering.budget());
    }

    private static Object join(Rendering rendering, TemplateText self, Arguments arguments) {
        TemplateTextBuilder out = new TemplateTextBuilder();
        Iterator<Object> items =
                Types.iterate(arguments.bind("join", 1, "iterable").get(0));
        for (int i = 0; items.hasNext(); i++) {
            Object next = items.next();
            TemplateText item = joined(rendering, self, next, i);
            if (i > 0) {
                rendering.budget().chars(self.charCount());
                out.append(self);
            }
            rendering.budget().chars(item.charCount());
            out.append(item);
        }
        return out.build(self.isSafe());
    }

    /** An item as it is joined; a separator that counts as escaped HTML escapes what is not and takes any type. */
    private static TemplateText joined(Rendering rendering, TemplateText separator, Object item, int index) {
        if (separator.isSafe()) {
            return TextFunctions.escapeHtml(rendering.text(item), rendering.budget());
        }
        if (item instanceof TemplateText text) {
            return text;
        }
        throw Fault.evaluation("join wants strings; item " + index + " is another type");
    }

    private static Object pad(Rendering rendering, TemplateText self, Arguments arguments, Align align) {
        Bound bound = arguments.bind("the method", 1, "width", "fillchar");
        return TextFunctions.pad(self, bound.integer(0), bound.text(1, " "), align, rendering.budget());
    }

    private static Object zeroFill(Rendering rendering, TemplateText self, Arguments arguments) {
        int width = arguments.bind("zfill", 1, "width").integer(0);
        int sign = !self.isEmpty() && "+-".indexOf(self.chars().charAt(0)) >= 0 ? 1 : 0;
        TemplateText digits = self.substring(sign, self.charCount());
        TemplateText zeros = TemplateText.of("0");
        return self.substring(0, sign)
                .concat(TextFunctions.pad(digits, width - sign, zeros, Align.RIGHT, rendering.budget()));
    }

    private static boolean all(Rendering rendering, TemplateText self, IntPredicate predicate) {
        rendering.budget().scan(4L * self.charCount());
        return !self.isEmpty() && self.chars().codePoints().allMatch(predicate);
    }

    /** Whether there are letters with case and all of them fit. */
    static boolean isCase(TemplateText self, IntPredicate predicate) {
        return self.chars().codePoints().anyMatch(TextFunctions::isCased)
                && self.chars().codePoints().filter(TextFunctions::isCased).allMatch(predicate);
    }
}
