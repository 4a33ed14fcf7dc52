package dev.longspan.tokenizer;

import java.util.List;

/** A pattern as it was read. */
sealed interface PatternNode {
    /** {@return whether this can match without taking a character} */
    boolean canBeEmpty();

    /** One character of a set. */
    record One(CodePointSet set) implements PatternNode {
        @Override
        public boolean canBeEmpty() {
            return false;
        }
    }

    /** One after the other. */
    record InOrder(List<PatternNode> parts) implements PatternNode {
        @Override
        public boolean canBeEmpty() {
            return parts.stream().allMatch(PatternNode::canBeEmpty);
        }
    }

    /** The first that leads to a match. */
    record FirstOf(List<PatternNode> choices) implements PatternNode {
        @Override
        public boolean canBeEmpty() {
            return choices.stream().anyMatch(PatternNode::canBeEmpty);
        }
    }

    /** The same several times; no upper limit if {@code max} is {@link Integer#MAX_VALUE}. */
    record Repeat(PatternNode part, int min, int max, Greed greed) implements PatternNode {
        @Override
        public boolean canBeEmpty() {
            return min == 0 || part.canBeEmpty();
        }
    }

    /** What follows must match or must not; nothing is taken. */
    record LookAhead(PatternNode part, boolean negated) implements PatternNode {
        @Override
        public boolean canBeEmpty() {
            return true;
        }
    }

    /** The first match only; it is not tried again. */
    record Atomic(PatternNode part) implements PatternNode {
        @Override
        public boolean canBeEmpty() {
            return part.canBeEmpty();
        }
    }

    /** Which number of repetitions is tried first. */
    enum Greed {
        MOST,
        LEAST
    }
}
