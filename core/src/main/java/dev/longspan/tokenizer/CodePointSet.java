package dev.longspan.tokenizer;

import java.util.ArrayList;
import java.util.List;

/** An immutable set of code points: categories of the Unicode table, ranges and other sets, as a whole or negated. */
final class CodePointSet {
    private static final UnicodeTable UNICODE = UnicodeTable.BUNDLED;

    /** White space as the Unicode property has it. */
    static final CodePointSet SPACE = new Builder()
            .categories(UnicodeTable.SEPARATOR)
            .range('\t', '\r')
            .range(0x85, 0x85)
            .build();

    /** What a word consists of. */
    static final CodePointSet WORD = word().build();

    /** What a word consists of where the joiners count, too. */
    static final CodePointSet WORD_AND_JOINERS = word().range(0x200C, 0x200D).build();

    private final long low;
    private final long high;
    private final int categories;
    private final int[] ranges;
    private final CodePointSet[] members;
    private final boolean negated;

    private CodePointSet(Builder builder) {
        categories = builder.categories;
        ranges = builder.ranges.toArray();
        members = builder.members.toArray(CodePointSet[]::new);
        negated = builder.negated;
        long first = 0;
        long second = 0;
        for (int i = 0; i < Long.SIZE; i++) {
            first |= find(i) ? 1L << i : 0;
            second |= find(Long.SIZE + i) ? 1L << i : 0;
        }
        low = first;
        high = second;
    }

    private static Builder word() {
        return new Builder()
                .categories(UnicodeTable.WORD)
                .range(0x24B6, 0x24E9)
                .range(0x1F130, 0x1F149)
                .range(0x1F150, 0x1F169)
                .range(0x1F170, 0x1F189);
    }

    static CodePointSet of(int codePoint) {
        return new Builder().range(codePoint, codePoint).build();
    }

    static CodePointSet ofCategories(int categories) {
        return new Builder().categories(categories).build();
    }

    CodePointSet complement() {
        return new Builder().set(this).negate().build();
    }

    boolean contains(int codePoint) {
        if (codePoint < 2 * Long.SIZE) {
            return ((codePoint < Long.SIZE ? low : high) >>> codePoint & 1) != 0;
        }
        return find(codePoint);
    }

    private boolean find(int codePoint) {
        return negated != ((categories & UNICODE.bit(codePoint)) != 0 || inRanges(codePoint) || inMembers(codePoint));
    }

    private boolean inRanges(int codePoint) {
        for (int i = 0; i < ranges.length; i += 2) {
            if (ranges[i] <= codePoint && codePoint <= ranges[i + 1]) {
                return true;
            }
        }
        return false;
    }

    private boolean inMembers(int codePoint) {
        for (CodePointSet member : members) {
            if (member.contains(codePoint)) {
                return true;
            }
        }
        return false;
    }

    /** Gathers what belongs to a set. */
    static final class Builder {
        private int categories;
        private final IntBuffer ranges = new IntBuffer();
        private final List<CodePointSet> members = new ArrayList<>();
        private boolean negated;

        Builder categories(int mask) {
            categories |= mask;
            return this;
        }

        Builder range(int first, int last) {
            ranges.add(first);
            ranges.add(last);
            return this;
        }

        Builder set(CodePointSet set) {
            members.add(set);
            return this;
        }

        Builder negate() {
            negated = true;
            return this;
        }

        CodePointSet build() {
            return new CodePointSet(this);
        }
    }
}
