package dev.longspan.tokenizer;

import org.jspecify.annotations.Nullable;

/**
 * What a byte-pair model knows: its first symbols, its merges and its whole words. Immutable but for a memory of which
 * words are one token, which any thread may fill in: it always comes out the same.
 */
final class BytePairModel {
    /** Whether the first symbols are bytes; else they are code points. */
    final boolean byteLevel;
    /**
     * The id of each of the 256 bytes as a symbol, -1 where there is none; for code points the symbols that stand for a
     * byte of an unknown code point, or null.
     */
    final int @Nullable [] byteSymbols;
    /** Ids of code points, -1 where there is none; may end early. */
    final int[] codePointSymbols;
    /** The id that stands for what is not known, or -1 if that is left out. */
    final int unknown;
    /** Whether neighbouring unknowns become one. */
    final boolean fuseUnknown;

    final MergeTable merges;
    /** The whole words, by the bytes of the text. */
    final WordTable words;
    /** Whether a whole word is always one token. */
    final boolean ignoreMerges;
    /** What is known about each word: 0 nothing, 1 it is one token, 2 it is not. */
    final byte[] wholeWords;

    BytePairModel(
            boolean byteLevel,
            int @Nullable [] byteSymbols,
            int[] codePointSymbols,
            int unknown,
            boolean fuseUnknown,
            MergeTable merges,
            WordTable words,
            boolean ignoreMerges) {
        this.byteLevel = byteLevel;
        this.byteSymbols = byteSymbols;
        this.codePointSymbols = codePointSymbols;
        this.unknown = unknown;
        this.fuseUnknown = fuseUnknown;
        this.merges = merges;
        this.words = words;
        this.ignoreMerges = ignoreMerges;
        wholeWords = new byte[words.size()];
    }
}
