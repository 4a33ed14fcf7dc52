package dev.longspan.tokenizer;

import java.util.SplittableRandom;

/**
 * A hash that differs from one instance to the next, so that nobody can write a file whose tokens all fall into one slot
 * of a table. No id ever depends on it. Immutable.
 */
final class SecretHash {
    private final long start;
    private final long factor;

    SecretHash() {
        SplittableRandom random = new SplittableRandom();
        start = random.nextLong();
        factor = random.nextLong() | 1;
    }

    int of(String text) {
        long hash = start;
        int at = 0;
        for (int end = text.length() - 3; at < end; at += 4) {
            long block = text.charAt(at)
                    | (long) text.charAt(at + 1) << 16
                    | (long) text.charAt(at + 2) << 32
                    | (long) text.charAt(at + 3) << 48;
            hash = mixed(hash ^ block);
        }
        long rest = 0;
        for (; at < text.length(); at++) {
            rest = rest << 16 | text.charAt(at);
        }
        return folded(hash ^ rest, text.length());
    }

    int of(byte[] bytes, int from, int to) {
        long hash = start;
        int at = from;
        for (; at + 8 <= to; at += 8) {
            hash = mixed(hash ^ block(bytes, at, 8));
        }
        return folded(hash ^ block(bytes, at, to - at), to - from);
    }

    private static long block(byte[] bytes, int at, int count) {
        long block = 0;
        for (int i = 0; i < count; i++) {
            block = block << 8 | (bytes[at + i] & 0xFF);
        }
        return block;
    }

    int of(long value) {
        return folded(start ^ value, 0);
    }

    private int folded(long hash, int length) {
        long mixed = mixed(mixed(hash) ^ length);
        return (int) (mixed ^ mixed >>> 32);
    }

    /** Both halves of the product, so that every bit of the value moves every bit of the result. */
    private long mixed(long value) {
        return value * factor ^ Math.multiplyHigh(value, factor);
    }
}
