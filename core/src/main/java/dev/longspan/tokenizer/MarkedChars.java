package dev.longspan.tokenizer;

import org.jspecify.annotations.Nullable;

/** A text with a mark for each char, if any char is marked. */
final class MarkedChars {
    static final byte NONE = 0;
    static final byte ASSISTANT = 1;
    static final byte OUTSIDE = 2;

    private final String text;
    private final byte @Nullable [] marks;

    /**
     * Joins a text and its marks.
     *
     * @param marks {@link #NONE}, {@link #ASSISTANT} or {@link #OUTSIDE} for each char; null if nothing is marked
     */
    MarkedChars(String text, byte @Nullable [] marks) {
        this.text = text;
        this.marks = marks;
    }

    static MarkedChars plain(String text) {
        return new MarkedChars(text, null);
    }

    String text() {
        return text;
    }

    byte @Nullable [] marks() {
        return marks;
    }

    /** {@return the strongest mark of a range of marks} */
    static byte strongest(byte[] marks, int start, int end) {
        byte strongest = NONE;
        for (int i = start; i < end; i++) {
            strongest = marks[i] > strongest ? marks[i] : strongest;
        }
        return strongest;
    }
}
