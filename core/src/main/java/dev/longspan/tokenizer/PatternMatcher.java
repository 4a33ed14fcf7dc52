package dev.longspan.tokenizer;

import dev.longspan.spi.ModelLoadException;
import java.util.Arrays;

/**
 * Looks for a pattern in a text, trying the choices in their order and going back where one fails. What is still to try
 * is kept in an array, so no text makes the thread's stack overflow, and steps are counted, so no pattern takes for ever.
 * For one thread at a time.
 */
final class PatternMatcher {
    private static final int FIELDS = 3;
    /** How many steps a char of text may cost on average; published patterns need fewer than a hundred. */
    private static final long STEPS_PER_CHAR = 400;
    /** How many numbers a char of text may keep waiting to be tried. */
    private static final long PENDING_PER_CHAR = 12;
    /** What a text may cost whatever its length: patterns that count digits from the right are quadratic in a number. */
    private static final long STEPS_AT_LEAST = 20_000_000;
    /** How many numbers may wait whatever the text's length. */
    private static final long PENDING_AT_LEAST = 1_000_000;

    private final SplitPattern pattern;
    private final char[] text;
    private int end;
    private int[] pending = new int[16 * FIELDS];
    private int pendingSize;
    private int matchStart;
    private int matchEnd;
    private long stepsLeft;

    /** Makes a matcher over a text that holds no lone surrogates. */
    PatternMatcher(SplitPattern pattern, char[] text) {
        this.pattern = pattern;
        this.text = text;
        this.stepsLeft = STEPS_AT_LEAST + STEPS_PER_CHAR * text.length;
    }

    /**
     * Looks for the first match at or after a place in a text that ends at {@code limit}; {@link #start()} and
     * {@link #end()} then tell where it is.
     */
    boolean find(int from, int limit) {
        end = limit;
        for (int start = from; start < end; start += charCount(start)) {
            int found = run(0, start);
            if (found > start) {
                matchStart = start;
                matchEnd = found;
                return true;
            }
        }
        return false;
    }

    int start() {
        return matchStart;
    }

    int end() {
        return matchEnd;
    }

    private int charCount(int position) {
        return Character.isHighSurrogate(text[position]) ? 2 : 1;
    }

    private int codePoint(int position) {
        char c = text[position];
        return Character.isHighSurrogate(c) ? Character.toCodePoint(c, text[position + 1]) : c;
    }

    /** {@return where the match ends that the program finds from one of its places on, or -1 if there is none} */
    private int run(int program, int start) {
        int floor = pendingSize;
        int place = program;
        int at = start;
        while (true) {
            if (--stepsLeft < 0) {
                throw tooManyWays();
            }
            switch (pattern.operations[place]) {
                case SplitPattern.ONE -> {
                    if (at < end && pattern.sets[pattern.a[place]].contains(codePoint(at))) {
                        at += charCount(at);
                        place++;
                    } else {
                        at = -1;
                    }
                }
                case SplitPattern.MANY -> at = many(place++, at, true);
                case SplitPattern.MANY_FIXED -> at = many(place++, at, false);
                case SplitPattern.FEW -> at = few(place++, at);
                case SplitPattern.FORK -> {
                    push(pattern.b[place], at, at);
                    place = pattern.a[place];
                }
                case SplitPattern.JUMP -> place = pattern.a[place];
                case SplitPattern.LOOK -> {
                    boolean found = run(place + 1, at) >= 0;
                    at = found == (pattern.b[place] == 1) ? at : -1;
                    place = pattern.a[place];
                }
                case SplitPattern.ATOMIC -> {
                    at = run(place + 1, at);
                    place = pattern.a[place];
                }
                default -> {
                    pendingSize = floor;
                    return at;
                }
            }
            while (at < 0) {
                if (pendingSize == floor) {
                    return -1;
                }
                int entry = pending[pendingSize - FIELDS];
                at = retry(entry);
                place = entry < 0 ? ~entry + 1 : entry;
            }
        }
    }

    /** Takes what was put off last: the complement of a place stands for a repetition there that can still change. */
    private int retry(int entry) {
        int top = pendingSize - FIELDS;
        int at = pending[top + 1];
        int limit = pending[top + 2];
        if (entry >= 0) {
            pendingSize = top;
            return at;
        }
        if (pattern.operations[~entry] == SplitPattern.MANY) {
            int shorter = at - (Character.isLowSurrogate(text[at - 1]) ? 2 : 1);
            keepOrDrop(top, shorter, shorter > limit);
            return shorter;
        }
        pendingSize = top;
        boolean longer = limit > 0 && at < end && pattern.sets[pattern.a[~entry]].contains(codePoint(at));
        if (!longer) {
            return -1;
        }
        int next = at + charCount(at);
        push(entry, next, limit - 1);
        return next;
    }

    private void keepOrDrop(int top, int at, boolean keep) {
        if (keep) {
            pending[top + 1] = at;
        } else {
            pendingSize = top;
        }
    }

    private int many(int place, int start, boolean canShrink) {
        CodePointSet set = pattern.sets[pattern.a[place]];
        int min = pattern.b[place];
        int max = pattern.c[place];
        int at = start;
        int least = start;
        int count = 0;
        while (count < max && at < end && set.contains(codePoint(at))) {
            at += charCount(at);
            if (++count == min) {
                least = at;
            }
        }
        stepsLeft -= count;
        if (count < min) {
            return -1;
        }
        if (canShrink && at > least) {
            push(~place, at, least);
        }
        return at;
    }

    private int few(int place, int start) {
        CodePointSet set = pattern.sets[pattern.a[place]];
        int min = pattern.b[place];
        int at = start;
        for (int count = 0; count < min; count++) {
            if (at >= end || !set.contains(codePoint(at))) {
                return -1;
            }
            at += charCount(at);
        }
        if (pattern.c[place] > min) {
            push(~place, at, pattern.c[place] - min);
        }
        return at;
    }

    private void push(int place, int at, int limit) {
        if (pendingSize == pending.length) {
            long most = Math.min(Integer.MAX_VALUE / 2, PENDING_AT_LEAST + PENDING_PER_CHAR * text.length);
            if (pendingSize >= most) {
                throw tooManyWays();
            }
            pending = Arrays.copyOf(pending, pendingSize * 2);
        }
        pending[pendingSize] = place;
        pending[pendingSize + 1] = at;
        pending[pendingSize + 2] = limit;
        pendingSize += FIELDS;
    }

    private static ModelLoadException tooManyWays() {
        return new ModelLoadException(
                "tokenizer.json",
                "pre_tokenizer",
                "expected a pattern that takes fewer than " + STEPS_PER_CHAR
                        + " steps a character, found one that tries too many ways to match this text");
    }
}
