package dev.longspan.tokenizer;

import dev.longspan.spi.ModelLoadException;
import java.util.ArrayList;
import java.util.List;

/** A pattern as a program for {@link PatternMatcher}. Immutable. */
final class SplitPattern {
    private static final int MAX_PROGRAM = 50_000;

    /** Takes one character of set A. */
    static final int ONE = 0;
    /** Takes between B and C characters of set A, as many as it can, and fewer if the rest does not match. */
    static final int MANY = 1;
    /** As MANY, but never fewer. */
    static final int MANY_FIXED = 2;
    /** As MANY, but as few as it can, and more if the rest does not match. */
    static final int FEW = 3;
    /** Goes on at A, and at B if that does not match. */
    static final int FORK = 4;
    /** Goes on at A. */
    static final int JUMP = 5;
    /** Runs what follows up to END for itself; goes on at A if its match is what B says (1: a match, 0: none). */
    static final int LOOK = 6;
    /** Runs what follows up to END for itself and goes on at A, behind its match. */
    static final int ATOMIC = 7;
    /** The end of the program or of a part that runs for itself. */
    static final int END = 8;

    final int[] operations;
    final int[] a;
    final int[] b;
    final int[] c;
    final CodePointSet[] sets;

    private SplitPattern(Compiler compiler) {
        operations = compiler.operations.toArray();
        a = compiler.a.toArray();
        b = compiler.b.toArray();
        c = compiler.c.toArray();
        sets = compiler.sets.toArray(CodePointSet[]::new);
    }

    /**
     * Makes a pattern of the published form.
     *
     * @param key the place in tokenizer.json, for errors
     */
    static SplitPattern of(String pattern, String key) {
        return compile(PatternParser.parse(pattern, key), key);
    }

    /** Makes a pattern that matches a text as it stands; the text must not be empty. */
    static SplitPattern ofText(String text, String key) {
        return compile(PatternParser.literal(text), key);
    }

    /** Makes a pattern that matches one character of a set. */
    static SplitPattern ofSet(CodePointSet set) {
        return of(new PatternNode.One(set));
    }

    /** Makes a pattern that was put together in code. */
    static SplitPattern of(PatternNode node) {
        return compile(node, "");
    }

    private static SplitPattern compile(PatternNode node, String key) {
        Compiler compiler = new Compiler(key);
        compiler.add(node);
        compiler.emit(END, 0, 0, 0);
        return new SplitPattern(compiler);
    }

    private static final class Compiler {
        private final String key;
        private final IntBuffer operations = new IntBuffer();
        private final IntBuffer a = new IntBuffer();
        private final IntBuffer b = new IntBuffer();
        private final IntBuffer c = new IntBuffer();
        private final List<CodePointSet> sets = new ArrayList<>();

        Compiler(String key) {
            this.key = key;
        }

        int emit(int operation, int first, int second, int third) {
            if (operations.size() >= MAX_PROGRAM) {
                throw new ModelLoadException(
                        "tokenizer.json", key, "the pattern is too large when its counts are written out");
            }
            operations.add(operation);
            a.add(first);
            b.add(second);
            c.add(third);
            return operations.size() - 1;
        }

        void add(PatternNode node) {
            if (node instanceof PatternNode.One one) {
                emit(ONE, set(one.set()), 0, 0);
            } else if (node instanceof PatternNode.InOrder inOrder) {
                inOrder.parts().forEach(this::add);
            } else if (node instanceof PatternNode.FirstOf firstOf) {
                addChoices(firstOf.choices());
            } else if (node instanceof PatternNode.Repeat repeat) {
                addRepeat(repeat);
            } else if (node instanceof PatternNode.LookAhead look) {
                addApart(LOOK, look.negated() ? 0 : 1, look.part());
            } else if (node instanceof PatternNode.Atomic atomic) {
                addAtomic(atomic.part());
            }
        }

        private int set(CodePointSet set) {
            sets.add(set);
            return sets.size() - 1;
        }

        private void addChoices(List<PatternNode> choices) {
            List<Integer> jumps = new ArrayList<>();
            for (int i = 0; i < choices.size(); i++) {
                boolean last = i == choices.size() - 1;
                int fork = last ? -1 : emit(FORK, operations.size() + 1, 0, 0);
                add(choices.get(i));
                if (!last) {
                    jumps.add(emit(JUMP, 0, 0, 0));
                    b.set(fork, operations.size());
                }
            }
            jumps.forEach(jump -> a.set(jump, operations.size()));
        }

        private void addRepeat(PatternNode.Repeat repeat) {
            boolean most = repeat.greed() == PatternNode.Greed.MOST;
            if (repeat.part() instanceof PatternNode.One one) {
                emit(most ? MANY : FEW, set(one.set()), repeat.min(), repeat.max());
                return;
            }
            for (int i = 0; i < repeat.min(); i++) {
                add(repeat.part());
            }
            if (repeat.max() == Integer.MAX_VALUE) {
                int fork = fork(most);
                add(repeat.part());
                emit(JUMP, fork, 0, 0);
                leave(fork, most);
                return;
            }
            List<Integer> forks = new ArrayList<>();
            for (int i = repeat.min(); i < repeat.max(); i++) {
                forks.add(fork(most));
                add(repeat.part());
            }
            forks.forEach(fork -> leave(fork, most));
        }

        private int fork(boolean most) {
            int next = operations.size() + 1;
            return most ? emit(FORK, next, 0, 0) : emit(FORK, 0, next, 0);
        }

        private void leave(int fork, boolean most) {
            (most ? b : a).set(fork, operations.size());
        }

        private void addAtomic(PatternNode part) {
            if (part instanceof PatternNode.Repeat repeat
                    && repeat.part() instanceof PatternNode.One one
                    && repeat.greed() == PatternNode.Greed.MOST) {
                emit(MANY_FIXED, set(one.set()), repeat.min(), repeat.max());
            } else {
                addApart(ATOMIC, 0, part);
            }
        }

        private void addApart(int operation, int expected, PatternNode part) {
            int start = emit(operation, 0, expected, 0);
            add(part);
            emit(END, 0, 0, 0);
            a.set(start, operations.size());
        }
    }
}
