package dev.longspan.template;

import dev.longspan.text.MarkedText;
import dev.longspan.text.Origin;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A string inside the interpreter: chars, the ranges of them that came from outside the template, and whether it
 * counts as escaped HTML. Marks take no part in equality, order or hash. Immutable and thread-safe.
 */
public final class TemplateText {
    /** The empty text of the template's own. */
    static final TemplateText EMPTY = new TemplateText("", new int[0], false);

    /** Up to this many chars are joined at once. */
    private static final int SHORT = 512;

    private static final List<Origin> ORIGINS = List.of(Origin.values());

    private final int length;
    private final boolean safe;
    private String chars;
    /** Triples of start, end and code of the origin; ascending, neither overlapping nor empty. */
    private int[] marks;
    /** The pieces of a text that was joined inside a rendering and has not been looked at yet. */
    private @Nullable Pieces pieces;

    TemplateText(String chars, int[] marks, boolean safe) {
        this.length = chars.length();
        this.safe = safe;
        this.chars = chars;
        this.marks = marks;
    }

    private TemplateText(Pieces pieces, int length, boolean safe) {
        this.length = length;
        this.safe = safe;
        this.chars = "";
        this.marks = new int[0];
        this.pieces = pieces;
    }

    /** Two texts that are joined when somebody looks at the result; {@code budget} pays for it then. */
    private record Pieces(TemplateText left, TemplateText right, Budget budget) {}

    /**
     * {@return a text that counts as the template's own}
     *
     * @param chars the text
     */
    public static TemplateText of(String chars) {
        return chars.isEmpty() ? EMPTY : new TemplateText(chars, EMPTY.marks, false);
    }

    /**
     * {@return a text that is marked from end to end}
     *
     * @param chars the text
     * @param origin where it came from
     */
    public static TemplateText marked(String chars, Origin origin) {
        return chars.isEmpty() ? EMPTY : new TemplateText(chars, new int[] {0, chars.length(), code(origin)}, false);
    }

    static TemplateText of(String chars, @Nullable Origin origin) {
        return origin == null ? of(chars) : marked(chars, origin);
    }

    /** {@return the chars without their marks} */
    public String chars() {
        join();
        return chars;
    }

    /** Joins pending pieces. Templates that gather their output by {@code +} would else copy it for every message. */
    private void join() {
        if (pieces == null) {
            return;
        }
        pieces.budget().chars(length);
        TemplateTextBuilder out = new TemplateTextBuilder();
        Deque<TemplateText> rest = new ArrayDeque<>(List.of(pieces.left(), pieces.right()));
        while (!rest.isEmpty()) {
            TemplateText next = rest.pop();
            if (next.pieces == null) {
                out.append(next);
            } else {
                rest.push(next.pieces.right());
                rest.push(next.pieces.left());
            }
        }
        TemplateText whole = out.build(safe);
        chars = whole.chars;
        marks = whole.marks;
        pieces = null;
    }

    /** {@return the text with its marks, as tokenizers take it} */
    public MarkedText toMarkedText() {
        List<MarkedText.Mark> list = new ArrayList<>(marks().length / 3);
        for (int i = 0; i < marks().length; i += 3) {
            list.add(new MarkedText.Mark(marks()[i], marks()[i + 1], ORIGINS.get(marks()[i + 2])));
        }
        return new MarkedText(chars(), list);
    }

    /** What stands for an origin in {@link #marks}. */
    static int code(Origin origin) {
        return ORIGINS.indexOf(origin);
    }

    int[] marks() {
        join();
        return marks;
    }

    boolean isSafe() {
        return safe;
    }

    boolean isEmpty() {
        return length == 0;
    }

    /** Length in chars; what Python calls the length is {@link #codePoints}. */
    int charCount() {
        return length;
    }

    int codePoints() {
        return chars().codePointCount(0, chars().length());
    }

    TemplateText withSafe(boolean value) {
        return value == safe ? this : new TemplateText(chars(), marks(), value);
    }

    /** The origin that stands for the whole text when single chars cannot be traced; null if nothing is marked. */
    @Nullable
    Origin origin() {
        Origin found = null;
        for (int i = 0; i < marks().length && found != Origin.OUTSIDE; i += 3) {
            found = stronger(found, ORIGINS.get(marks()[i + 2]));
        }
        return found;
    }

    static @Nullable Origin stronger(@Nullable Origin a, @Nullable Origin b) {
        if (a == Origin.OUTSIDE || b == null) {
            return a;
        }
        return a == null || b == Origin.OUTSIDE ? b : a;
    }

    /** The origin of one char, null if it is the template's own. */
    @Nullable
    Origin originAt(int index) {
        int low = 0;
        int high = marks().length / 3 - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (index < marks()[3 * middle]) {
                high = middle - 1;
            } else if (index >= marks()[3 * middle + 1]) {
                low = middle + 1;
            } else {
                return ORIGINS.get(marks()[3 * middle + 2]);
            }
        }
        return null;
    }

    /** The piece between two char indexes. */
    TemplateText substring(int from, int to) {
        if (from == 0 && to == chars().length()) {
            return this;
        }
        if (from >= to) {
            return EMPTY.withSafe(safe);
        }
        return new TemplateText(chars().substring(from, to), marks().length == 0 ? marks : cut(from, to), safe);
    }

    private int[] cut(int from, int to) {
        int first = 3 * marksEndingUpTo(from);
        int last = first;
        while (last < marks().length && marks()[last] < to) {
            last += 3;
        }
        int[] kept = new int[last - first];
        int n = 0;
        for (int i = first; i < last; i += 3) {
            int start = Math.max(marks()[i], from);
            int end = Math.min(marks()[i + 1], to);
            if (start < end) {
                kept[n++] = start - from;
                kept[n++] = end - from;
                kept[n++] = marks()[i + 2];
            }
        }
        return Arrays.copyOf(kept, n);
    }

    /** How many marks end at or before an index. */
    private int marksEndingUpTo(int index) {
        int low = 0;
        int high = marks().length / 3;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (marks()[3 * middle + 1] <= index) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** Joins two texts inside a rendering; long ones are copied only once somebody looks at them. */
    TemplateText concat(TemplateText other, Budget budget) {
        long total = (long) length + other.length;
        if (total <= SHORT) {
            budget.chars(total);
            return concat(other);
        }
        budget.joined(total);
        return new TemplateText(new Pieces(this, other, budget), (int) total, safe);
    }

    TemplateText concat(TemplateText other) {
        if (marks().length == 0 && other.marks.length == 0) {
            return new TemplateText(chars().concat(other.chars), marks, safe);
        }
        return new TemplateTextBuilder().append(this).append(other).build(safe);
    }

    /**
     * Applies a function that treats chars one by one (or nearly so) and keeps the marks: piece by piece where that
     * gives the same text, else the whole result is marked.
     */
    TemplateText map(UnaryOperator<String> function) {
        String whole = function.apply(chars());
        if (marks().length == 0 || (marks().length == 3 && marks()[1] - marks()[0] == chars().length())) {
            return new TemplateText(
                    whole,
                    marks().length == 0 || whole.isEmpty() ? EMPTY.marks : new int[] {0, whole.length(), marks()[2]},
                    safe);
        }
        TemplateTextBuilder pieces = new TemplateTextBuilder();
        int done = 0;
        for (int i = 0; i < marks().length; i += 3) {
            pieces.append(function.apply(chars().substring(done, marks()[i])));
            pieces.append(function.apply(chars().substring(marks()[i], marks()[i + 1])), ORIGINS.get(marks()[i + 2]));
            done = marks()[i + 1];
        }
        pieces.append(function.apply(chars().substring(done)));
        TemplateText result = pieces.build(safe);
        return result.chars().equals(whole) ? result : of(whole, origin()).withSafe(safe);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof TemplateText text
                && text.length == length
                && text.chars().equals(chars());
    }

    @Override
    public int hashCode() {
        return chars().hashCode();
    }

    @Override
    public String toString() {
        return chars();
    }
}
