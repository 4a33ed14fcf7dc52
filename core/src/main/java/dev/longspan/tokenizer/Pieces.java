package dev.longspan.tokenizer;

/** Pieces of a text, in order and without overlap; none is empty. */
final class Pieces {
    private final char[] text;
    private final int length;
    private final boolean opening;
    private final IntBuffer bounds = new IntBuffer();

    /**
     * Makes an empty list of pieces.
     *
     * @param text a text without lone surrogates
     * @param length how many of its chars count
     * @param opening whether the text's beginning is the beginning of everything
     */
    Pieces(char[] text, int length, boolean opening) {
        this.text = text;
        this.length = length;
        this.opening = opening;
    }

    /** {@return a text as one piece} */
    static Pieces whole(String text, boolean opening) {
        Pieces pieces = new Pieces(text.toCharArray(), text.length(), opening);
        pieces.add(0, text.length());
        return pieces;
    }

    /** {@return an empty list over the same text} */
    Pieces sameText() {
        return new Pieces(text, length, opening);
    }

    /** Adds a piece; an empty one is left out. */
    void add(int start, int end) {
        if (end > start) {
            bounds.add(start);
            bounds.add(end);
        }
    }

    char[] text() {
        return text;
    }

    int length() {
        return length;
    }

    /** {@return whether the text's beginning is the beginning of everything} */
    boolean opening() {
        return opening;
    }

    int count() {
        return bounds.size() / 2;
    }

    int start(int piece) {
        return bounds.get(2 * piece);
    }

    int end(int piece) {
        return bounds.get(2 * piece + 1);
    }
}
