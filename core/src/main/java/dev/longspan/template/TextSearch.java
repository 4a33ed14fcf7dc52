package dev.longspan.template;

import org.jspecify.annotations.Nullable;

/** Finds one text inside others, in time linear in both. Every pass is paid for. */
final class TextSearch {
    /** Up to here the platform's own search is the faster one, though it looks at a char as often as the part is long. */
    private static final int SHORT = 4;

    private final String part;
    private final boolean backwards;
    private final Budget budget;
    /** For each length of the part's beginning the longest shorter one that it also ends with; for long parts only. */
    private int @Nullable [] borders;

    TextSearch(String part, boolean backwards, Budget budget) {
        this.part = part;
        this.backwards = backwards;
        this.budget = budget;
    }

    /** Where the part first occurs in a text, or -1. */
    static int first(TemplateText text, TemplateText part, Budget budget) {
        return new TextSearch(part.chars(), false, budget).from(text.chars(), 0);
    }

    /** Where the part last occurs in a text, or -1. */
    static int last(TemplateText text, TemplateText part, Budget budget) {
        return new TextSearch(part.chars(), true, budget).upTo(text.chars(), text.charCount());
    }

    /** The first occurrence that starts at {@code start} or behind it, or -1. */
    int from(String text, int start) {
        if (text.length() - start < part.length()) {
            return -1;
        }
        if (part.length() > SHORT) {
            return walk(text, start, text.length());
        }
        int found = text.indexOf(part, start);
        budget.scan(2L * ((found < 0 ? text.length() : found) - start));
        return found;
    }

    /** The last occurrence that ends at {@code end} or before it, or -1. */
    int upTo(String text, int end) {
        if (end < part.length()) {
            return -1;
        }
        if (part.length() > SHORT) {
            return walk(text, 0, end);
        }
        int found = text.lastIndexOf(part, end - part.length());
        budget.scan(2L * (end - Math.max(found, 0)));
        return found;
    }

    /** Knuth, Morris and Pratt's search. */
    private int walk(String text, int start, int end) {
        int[] known = borders == null ? borders() : borders;
        int matched = 0;
        int walked = 0;
        while (walked < end - start) {
            char c = text.charAt(backwards ? end - 1 - walked : start + walked);
            while (matched > 0 && c != partAt(matched)) {
                matched = known[matched];
            }
            matched += c == partAt(matched) ? 1 : 0;
            walked++;
            if (matched == part.length()) {
                budget.scan(2L * walked);
                return backwards ? end - walked : start + walked - matched;
            }
        }
        budget.scan(2L * walked);
        return -1;
    }

    private char partAt(int index) {
        return part.charAt(backwards ? part.length() - 1 - index : index);
    }

    private int[] borders() {
        budget.scan(2L * part.length());
        int[] made = new int[part.length() + 1];
        int matched = 0;
        for (int i = 1; i < part.length(); i++) {
            while (matched > 0 && partAt(i) != partAt(matched)) {
                matched = made[matched];
            }
            matched += partAt(i) == partAt(matched) ? 1 : 0;
            made[i + 1] = matched;
        }
        borders = made;
        return made;
    }
}
