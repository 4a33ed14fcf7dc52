package dev.longspan.template;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** What Python's string methods do, with marks kept. Indexes are in chars. */
final class TextFunctions {
    private TextFunctions() {}

    /** White space as Python's {@code str} sees it. */
    static boolean isSpace(int codePoint) {
        return Character.isWhitespace(codePoint) || Character.isSpaceChar(codePoint) || codePoint == 0x85;
    }

    /** Cuts white space, or the given code points, from one or both ends. */
    static TemplateText strip(TemplateText text, @Nullable TemplateText cut, boolean left, boolean right) {
        String chars = text.chars();
        IntPredicate drops = cut == null ? TextFunctions::isSpace : members(cut.chars());
        int start = 0;
        int end = chars.length();
        while (left && start < end && drops.test(chars.codePointAt(start))) {
            start += Character.charCount(chars.codePointAt(start));
        }
        while (right && end > start && drops.test(chars.codePointBefore(end))) {
            end -= Character.charCount(chars.codePointBefore(end));
        }
        return text.substring(start, end);
    }

    private static IntPredicate members(String chars) {
        if (chars.length() <= 8) {
            return c -> chars.indexOf(c) >= 0;
        }
        BitSet members = new BitSet();
        chars.codePoints().forEach(members::set);
        return members::get;
    }

    static TemplateText upper(TemplateText text) {
        return text.map(s -> s.toUpperCase(Locale.ROOT));
    }

    static TemplateText lower(TemplateText text) {
        return text.map(s -> Sigma.lower(s).toLowerCase(Locale.ROOT));
    }

    static TemplateText capitalize(TemplateText text) {
        if (text.isEmpty()) {
            return text;
        }
        int first = text.chars().offsetByCodePoints(0, 1);
        TemplateText rest = lower(text)
                .substring(
                        lower(text.substring(0, first)).charCount(), lower(text).charCount());
        return new TemplateTextBuilder()
                .append(text.substring(0, first).map(TextFunctions::titleCase))
                .append(rest)
                .build(text.isSafe());
    }

    private static String titleCase(String codePoint) {
        int c = codePoint.codePointAt(0);
        String upper = codePoint.toUpperCase(Locale.ROOT);
        if (Character.toTitleCase(c) != c || Character.isTitleCase(c) || upper.codePointCount(0, upper.length()) == 1) {
            return Character.toString(Character.toTitleCase(c));
        }
        // letters such as ß become two, of which only the first is large; an iota goes below it
        return isCased(upper.codePointAt(0))
                ? upper.charAt(0) + upper.substring(1).replace('Ι', '\u0345').toLowerCase(Locale.ROOT)
                : upper;
    }

    /** Python's {@code str.title}: a letter is large unless a letter stands before it. */
    static TemplateText title(TemplateText text) {
        boolean[] inWord = {false};
        TemplateTextBuilder out = new TemplateTextBuilder();
        Representation.escape(text.map(Sigma::lower), out, c -> {
            String changed =
                    inWord[0] ? Character.toString(c).toLowerCase(Locale.ROOT) : titleCase(Character.toString(c));
            inWord[0] = isCased(c);
            return changed;
        });
        return out.build(text.isSafe());
    }

    static TemplateText swapCase(TemplateText text) {
        String lower = Sigma.lower(text.chars());
        int[] next = {0};
        TemplateTextBuilder out = new TemplateTextBuilder();
        Representation.escape(text, out, c -> {
            int at = next[0];
            next[0] += Character.charCount(c);
            if (Character.isUpperCase(c)) {
                return Character.toString(lower.codePointAt(at)).toLowerCase(Locale.ROOT);
            }
            return Character.isLowerCase(c) ? Character.toString(c).toUpperCase(Locale.ROOT) : null;
        });
        return out.build(text.isSafe());
    }

    static boolean isCased(int c) {
        return Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
    }

    /** Jinja2's filter {@code title}: words begin behind white space, hyphens and opening brackets. */
    static TemplateText titleWords(TemplateText text) {
        boolean[] begins = {true};
        TemplateTextBuilder out = new TemplateTextBuilder();
        Representation.escape(text, out, c -> {
            String letter = Character.toString(c);
            String changed = begins[0] ? letter.toUpperCase(Locale.ROOT) : letter.toLowerCase(Locale.ROOT);
            begins[0] = isSpace(c) || "-({[<".indexOf(c) >= 0;
            return changed;
        });
        return out.build(text.isSafe());
    }

    /** Replaces at most {@code limit} occurrences; a negative limit means all. */
    static TemplateText replace(TemplateText text, TemplateText from, TemplateText to, int limit, Budget budget) {
        String chars = text.chars();
        List<Integer> hits = hits(chars, from.chars(), limit, budget);
        if (hits.isEmpty()) {
            return text;
        }
        budget.chars(chars.length() + (long) hits.size() * to.charCount());
        TemplateTextBuilder out = new TemplateTextBuilder();
        int done = 0;
        for (int hit : hits) {
            out.append(text, done, hit).append(to);
            done = hit + from.charCount();
        }
        return out.append(text, done, chars.length()).build(text.isSafe());
    }

    /** Where {@code part} occurs, without overlaps; an empty part occurs before each code point and at the end. */
    private static List<Integer> hits(String chars, String part, int limit, Budget budget) {
        List<Integer> hits = new ArrayList<>();
        TextSearch search = new TextSearch(part, false, budget);
        int at = search.from(chars, 0);
        while (at >= 0 && (limit < 0 || hits.size() < limit)) {
            budget.step();
            hits.add(at);
            int next = at + part.length();
            if (part.isEmpty()) {
                next = at < chars.length() ? chars.offsetByCodePoints(at, 1) : chars.length() + 1;
            }
            at = next > chars.length() ? -1 : search.from(chars, next);
        }
        return hits;
    }

    static int count(TemplateText text, TemplateText part, Budget budget) {
        return hits(text.chars(), part.chars(), -1, budget).size();
    }

    /** Pieces between separators, at most {@code limit} cuts from the left; negative means all. */
    static List<Object> split(TemplateText text, TemplateText separator, int limit, Budget budget) {
        List<Object> pieces = new ArrayList<>();
        int done = 0;
        for (int hit : hits(text.chars(), checked(separator).chars(), limit, budget)) {
            pieces.add(text.substring(done, hit));
            done = hit + separator.charCount();
        }
        pieces.add(text.substring(done, text.charCount()));
        return counted(pieces, text, budget);
    }

    static List<Object> splitFromRight(TemplateText text, TemplateText separator, int limit, Budget budget) {
        List<Object> pieces = new ArrayList<>();
        String chars = text.chars();
        String part = checked(separator).chars();
        TextSearch search = new TextSearch(part, true, budget);
        int end = chars.length();
        for (int at = search.upTo(chars, end);
                at >= 0 && (limit < 0 || pieces.size() < limit);
                at = search.upTo(chars, end)) {
            pieces.add(text.substring(at + part.length(), end));
            end = at;
        }
        pieces.add(text.substring(0, end));
        Collections.reverse(pieces);
        return counted(pieces, text, budget);
    }

    private static TemplateText checked(TemplateText separator) {
        if (separator.isEmpty()) {
            throw Fault.evaluation("empty separator");
        }
        return separator;
    }

    private static List<Object> counted(List<Object> pieces, TemplateText text, Budget budget) {
        budget.elements(pieces.size());
        budget.chars(text.charCount());
        return pieces;
    }

    /** Words between white space. What is left behind the last cut keeps its white space. */
    static List<Object> words(TemplateText text, int limit, Budget budget) {
        List<Object> words = new ArrayList<>();
        String chars = text.chars();
        int at = skip(chars, 0, true);
        while (at < chars.length()) {
            budget.step();
            if (limit >= 0 && words.size() == limit) {
                words.add(text.substring(at, chars.length()));
                break;
            }
            int end = skip(chars, at, false);
            words.add(text.substring(at, end));
            at = skip(chars, end, true);
        }
        return counted(words, text, budget);
    }

    static List<Object> wordsFromRight(TemplateText text, int limit, Budget budget) {
        List<Object> words = new ArrayList<>();
        String chars = text.chars();
        int end = skipBack(chars, chars.length(), true);
        while (end > 0) {
            budget.step();
            if (limit >= 0 && words.size() == limit) {
                words.add(text.substring(0, end));
                break;
            }
            int start = skipBack(chars, end, false);
            words.add(text.substring(start, end));
            end = skipBack(chars, start, true);
        }
        Collections.reverse(words);
        return counted(words, text, budget);
    }

    private static int skip(String chars, int from, boolean spaces) {
        int at = from;
        while (at < chars.length() && isSpace(chars.charAt(at)) == spaces) {
            at++;
        }
        return at;
    }

    private static int skipBack(String chars, int from, boolean spaces) {
        int at = from;
        while (at > 0 && isSpace(chars.charAt(at - 1)) == spaces) {
            at--;
        }
        return at;
    }

    static List<Object> lines(TemplateText text, boolean keepEnds, Budget budget) {
        List<Object> lines = new ArrayList<>();
        String chars = text.chars();
        int start = 0;
        for (int at = 0; at < chars.length(); ) {
            int next = at + 1;
            if (isLineEnd(chars.charAt(at))) {
                if (chars.charAt(at) == '\r' && next < chars.length() && chars.charAt(next) == '\n') {
                    next++;
                }
                lines.add(text.substring(start, keepEnds ? next : at));
                start = next;
            }
            at = next;
        }
        if (start < chars.length()) {
            lines.add(text.substring(start, chars.length()));
        }
        return counted(lines, text, budget);
    }

    private static boolean isLineEnd(char c) {
        return (c >= '\n' && c <= '\r') || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 || c == 0x2029;
    }

    /** Fills up to a width in code points. Python's {@code center} puts the odd one left if the width is odd. */
    static TemplateText pad(TemplateText text, int width, TemplateText fill, Align align, Budget budget) {
        if (fill.codePoints() != 1) {
            throw Fault.evaluation("the fill character must be exactly one character long");
        }
        int missing = width - text.codePoints();
        if (missing <= 0) {
            return text;
        }
        budget.chars(text.charCount() + 2L * missing);
        int left = switch (align) {
            case LEFT -> 0;
            case RIGHT -> missing;
            case CENTER -> missing / 2 + (missing & width & 1);
        };
        TemplateTextBuilder out = new TemplateTextBuilder();
        repeat(fill, left, out);
        out.append(text);
        repeat(fill, missing - left, out);
        return out.build(text.isSafe());
    }

    private static void repeat(TemplateText fill, int count, TemplateTextBuilder out) {
        out.append(fill.chars().repeat(count), fill.origin());
    }

    /** Where a padded text stands. */
    enum Align {
        LEFT,
        RIGHT,
        CENTER
    }

    static TemplateText escapeHtml(TemplateText text, Budget budget) {
        if (text.isSafe()) {
            return text;
        }
        budget.rewrite(text.charCount());
        TemplateTextBuilder out = new TemplateTextBuilder();
        Representation.escape(text, out, c -> switch (c) {
            case '&' -> "&amp;";
            case '<' -> "&lt;";
            case '>' -> "&gt;";
            case '\'' -> "&#39;";
            case '"' -> "&#34;";
            default -> null;
        });
        return budget.made(out.build(true));
    }
}
