package dev.longspan.text;

import java.util.List;

/**
 * A text of which some ranges are marked with their origin. The unmarked rest came from the template.
 *
 * @param text the whole text
 * @param marks the marked ranges, ascending, not overlapping, none empty
 */
public record MarkedText(String text, List<Mark> marks) {
    /** Checks and copies the components. */
    public MarkedText {
        marks = List.copyOf(marks);
        int end = 0;
        for (Mark mark : marks) {
            if (mark.start() < end || mark.end() <= mark.start()) {
                throw new IllegalArgumentException("marks must be ascending, not overlapping and not empty: " + mark);
            }
            end = mark.end();
        }
        if (end > text.length()) {
            throw new IllegalArgumentException("mark ends at " + end + " in a text of " + text.length());
        }
    }

    /** {@return a text without marks} */
    public static MarkedText plain(String text) {
        return new MarkedText(text, List.of());
    }

    /**
     * One marked range.
     *
     * @param start its first char
     * @param end behind its last char
     * @param origin where it came from
     */
    public record Mark(int start, int end, Origin origin) {}
}
