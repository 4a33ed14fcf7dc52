package dev.longspan.template;

import dev.longspan.text.Origin;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Gathers pieces of text and keeps their marks. */
final class TemplateTextBuilder {
    private final StringBuilder chars = new StringBuilder();
    private int[] marks = new int[12];
    private int used;

    TemplateTextBuilder append(String own) {
        chars.append(own);
        return this;
    }

    TemplateTextBuilder append(String piece, @Nullable Origin origin) {
        if (origin != null) {
            mark(chars.length(), chars.length() + piece.length(), TemplateText.code(origin));
        }
        chars.append(piece);
        return this;
    }

    TemplateTextBuilder append(TemplateText piece) {
        int base = chars.length();
        int[] more = piece.marks();
        for (int i = 0; i < more.length; i += 3) {
            mark(base + more[i], base + more[i + 1], more[i + 2]);
        }
        chars.append(piece.chars());
        return this;
    }

    /** Appends chars {@code from} to {@code to} of a text. */
    TemplateTextBuilder append(TemplateText piece, int from, int to) {
        return from < to ? append(piece.substring(from, to)) : this;
    }

    private void mark(int start, int end, int origin) {
        if (start == end) {
            return;
        }
        if (used > 0 && marks[used - 2] == start && marks[used - 1] == origin) {
            marks[used - 2] = end;
            return;
        }
        if (used + 3 > marks.length) {
            marks = Arrays.copyOf(marks, marks.length * 2);
        }
        marks[used++] = start;
        marks[used++] = end;
        marks[used++] = origin;
    }

    int length() {
        return chars.length();
    }

    TemplateText build() {
        return build(false);
    }

    TemplateText build(boolean safe) {
        return new TemplateText(chars.toString(), Arrays.copyOf(marks, used), safe);
    }
}
