package dev.longspan.tokenizer;

import java.util.Arrays;

/** Turns words into ids by merging symbols, the earliest merge first. Keeps scratch memory: for one thread at a time. */
final class BytePairEncoder {
    /** Up to here looking at all pairs beats a queue. */
    private static final int SHORT_WORD = 64;

    private final BytePairModel model;
    private byte[] bytes = new byte[256];
    private int[] symbols = new int[256];
    private int size;
    private final long[] pairs = new long[SHORT_WORD];
    private int[] next = new int[0];
    private int[] previous = new int[0];
    private final MergeQueue queue = new MergeQueue();

    BytePairEncoder(BytePairModel model) {
        this.model = model;
    }

    /** Appends the ids of one word, given as chars without lone surrogates. */
    void encode(char[] text, int from, int to, IntBuffer ids) {
        int length = toBytes(text, from, to);
        int word = model.words.find(bytes, 0, length);
        if (word >= 0 && (model.ignoreMerges || model.wholeWords[word] == 1)) {
            ids.add(word);
            return;
        }
        if (model.byteLevel) {
            symbolsOfBytes(length);
        } else {
            symbolsOfCodePoints(text, from, to);
        }
        merge();
        if (word >= 0) {
            model.wholeWords[word] = (byte) (size == 1 && symbols[0] == word ? 1 : 2);
        }
        for (int i = 0; i < size; i++) {
            ids.add(symbols[i]);
        }
    }

    private int toBytes(char[] text, int from, int to) {
        if ((to - from) * 3L > bytes.length) {
            if (!model.byteLevel && to - from > model.words.longest()) {
                return Integer.MAX_VALUE;
            }
            bytes = new byte[capacity((to - from) * 3L)];
        }
        byte[] target = bytes;
        int at = 0;
        for (int i = from; i < to; i++) {
            char c = text[i];
            if (c < 0x80) {
                target[at++] = (byte) c;
            } else if (c < 0x800) {
                target[at++] = (byte) (0xC0 | c >> 6);
                target[at++] = (byte) (0x80 | (c & 0x3F));
            } else if (Character.isHighSurrogate(c)) {
                int codePoint = Character.toCodePoint(c, text[++i]);
                target[at++] = (byte) (0xF0 | codePoint >> 18);
                target[at++] = (byte) (0x80 | (codePoint >> 12 & 0x3F));
                target[at++] = (byte) (0x80 | (codePoint >> 6 & 0x3F));
                target[at++] = (byte) (0x80 | (codePoint & 0x3F));
            } else {
                target[at++] = (byte) (0xE0 | c >> 12);
                target[at++] = (byte) (0x80 | (c >> 6 & 0x3F));
                target[at++] = (byte) (0x80 | (c & 0x3F));
            }
        }
        return at;
    }

    private static int capacity(long needed) {
        if (needed > Integer.MAX_VALUE - 8) {
            throw new OutOfMemoryError("a word of " + needed / 3 + " chars is too long to be encoded");
        }
        return (int) Math.min(Integer.MAX_VALUE - 8, needed + needed / 2);
    }

    private void symbolsOfBytes(int length) {
        int[] byteSymbols = model.byteSymbols;
        if (byteSymbols == null) {
            throw new IllegalStateException("a model of bytes needs symbols for them");
        }
        reserve(length);
        size = 0;
        boolean afterUnknown = false;
        for (int i = 0; i < length; i++) {
            int symbol = byteSymbols[bytes[i] & 0xFF];
            if (symbol >= 0) {
                symbols[size++] = symbol;
            } else if (model.unknown >= 0 && !(afterUnknown && model.fuseUnknown)) {
                symbols[size++] = model.unknown;
            }
            afterUnknown = symbol < 0;
        }
    }

    /** An unknown waits for the next known symbol, also behind bytes that stand for code points, as in the original. */
    private void symbolsOfCodePoints(char[] text, int from, int to) {
        reserve(to - from);
        size = 0;
        int[] known = model.codePointSymbols;
        boolean pendingUnknown = false;
        for (int i = from; i < to; i++) {
            int codePoint = text[i];
            if (Character.isHighSurrogate(text[i])) {
                codePoint = Character.toCodePoint(text[i], text[++i]);
            }
            int symbol = codePoint < known.length ? known[codePoint] : -1;
            if (symbol >= 0) {
                if (pendingUnknown) {
                    add(model.unknown);
                    pendingUnknown = false;
                }
                add(symbol);
            } else if (!addBytes(codePoint) && model.unknown >= 0) {
                if (pendingUnknown && !model.fuseUnknown) {
                    add(model.unknown);
                }
                pendingUnknown = true;
            }
        }
        if (pendingUnknown) {
            add(model.unknown);
        }
    }

    private boolean addBytes(int codePoint) {
        int[] byteSymbols = model.byteSymbols;
        if (byteSymbols == null) {
            return false;
        }
        char[] chars = Character.toChars(codePoint);
        int length = toBytes(chars, 0, chars.length);
        for (int i = 0; i < length; i++) {
            if (byteSymbols[bytes[i] & 0xFF] < 0) {
                return false;
            }
        }
        for (int i = 0; i < length; i++) {
            add(byteSymbols[bytes[i] & 0xFF]);
        }
        return true;
    }

    private void add(int symbol) {
        reserve(size + 1);
        symbols[size++] = symbol;
    }

    private void reserve(int length) {
        if (length > symbols.length) {
            symbols = Arrays.copyOf(symbols, capacity(length));
        }
    }

    private void merge() {
        if (size <= SHORT_WORD) {
            mergeShort();
        } else {
            mergeLong();
        }
    }

    private void mergeShort() {
        MergeTable merges = model.merges;
        int last = size - 1;
        for (int i = 0; i < last; i++) {
            pairs[i] = merges.find(symbols[i], symbols[i + 1]);
        }
        while (last > 0) {
            int best = 0;
            for (int i = 1; i < last; i++) {
                if (pairs[i] < pairs[best]) {
                    best = i;
                }
            }
            if (pairs[best] == MergeTable.NONE) {
                break;
            }
            symbols[best] = MergeTable.merged(pairs[best]);
            System.arraycopy(symbols, best + 2, symbols, best + 1, last - best - 1);
            last--;
            if (best < last) {
                System.arraycopy(pairs, best + 2, pairs, best + 1, last - best - 1);
                pairs[best] = merges.find(symbols[best], symbols[best + 1]);
            }
            if (best > 0) {
                pairs[best - 1] = merges.find(symbols[best - 1], symbols[best]);
            }
        }
        size = last + 1;
    }

    /** Symbols in a linked list, merges in a queue by rank and then place: n log n steps. */
    private void mergeLong() {
        link();
        while (!queue.isEmpty()) {
            long first = queue.removeFirst();
            int at = (int) first;
            if (symbols[at] < 0 || next[at] >= size) {
                continue;
            }
            int right = next[at];
            long merge = model.merges.find(symbols[at], symbols[right]);
            if (merge == MergeTable.NONE || MergeTable.rank(merge) != (int) (first >>> 32)) {
                continue;
            }
            symbols[at] = MergeTable.merged(merge);
            symbols[right] = -1;
            next[at] = next[right];
            if (next[at] < size) {
                previous[next[at]] = at;
                offer(at, next[at]);
            }
            if (previous[at] >= 0) {
                offer(previous[at], at);
            }
        }
        unlink();
    }

    private void link() {
        if (next.length < size) {
            next = new int[capacity(size)];
            previous = new int[next.length];
        }
        queue.clear();
        for (int i = 0; i < size; i++) {
            next[i] = i + 1;
            previous[i] = i - 1;
            if (i > 0) {
                offer(i - 1, i);
            }
        }
    }

    private void offer(int left, int right) {
        long merge = model.merges.find(symbols[left], symbols[right]);
        if (merge != MergeTable.NONE) {
            queue.add((long) MergeTable.rank(merge) << 32 | left);
        }
    }

    private void unlink() {
        int kept = 0;
        for (int i = 0; i < size; i++) {
            if (symbols[i] >= 0) {
                symbols[kept++] = symbols[i];
            }
        }
        size = kept;
    }
}
