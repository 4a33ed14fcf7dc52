package dev.longspan.tokenizer;

import dev.longspan.spi.ModelLoadException;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the part of Oniguruma's Ruby syntax that published pre-tokenizers use: sets, properties by general category,
 * groups, atomic groups, look-ahead, greedy, lazy and possessive repetition, and {@code (?i:…)} over ASCII. What it does
 * not know it refuses by name.
 */
final class PatternParser {
    private static final String FILE = "tokenizer.json";
    private static final int MAX_DEPTH = 64;
    private static final int MAX_LENGTH = 10_000;
    private static final int MAX_REPEAT = 1_000;
    /** Neighbours that one character folds to, such as the ligature fi; a fold of that kind is not done here. */
    private static final List<String> FOLDED_PAIRS = List.of("ss", "st", "ff", "fi", "fl");

    private final String pattern;
    private final String key;
    private int position;
    private int depth;

    private PatternParser(String pattern, String key) {
        this.pattern = pattern;
        this.key = key;
    }

    /**
     * Reads a pattern.
     *
     * @param key the place in the file, for errors
     * @throws ModelLoadException if the pattern is wrong, not understood, or can match without taking a character
     */
    static PatternNode parse(String pattern, String key) {
        if (pattern.length() > MAX_LENGTH) {
            throw new ModelLoadException(
                    FILE, key, "expected at most " + MAX_LENGTH + " chars, found " + pattern.length());
        }
        PatternParser parser = new PatternParser(pattern, key);
        PatternNode node = parser.choices(false);
        if (parser.position < pattern.length()) {
            throw parser.unsupported("an unmatched )");
        }
        if (node.canBeEmpty()) {
            throw new ModelLoadException(FILE, key, "a pattern that can match nothing is not supported: " + pattern);
        }
        return node;
    }

    /** {@return a pattern of one text as it stands, which must not be empty} */
    static PatternNode literal(String text) {
        return new PatternNode.InOrder(text.codePoints()
                .<PatternNode>mapToObj(c -> new PatternNode.One(CodePointSet.of(c)))
                .toList());
    }

    private PatternNode choices(boolean ignoreCase) {
        if (++depth > MAX_DEPTH) {
            throw unsupported("more than " + MAX_DEPTH + " groups in each other");
        }
        boolean fold = ignoreCase;
        List<PatternNode> choices = new ArrayList<>();
        List<PatternNode> parts = new ArrayList<>();
        while (position < pattern.length() && pattern.charAt(position) != ')') {
            if (pattern.charAt(position) == '|') {
                position++;
                choices.add(inOrder(parts));
                parts = new ArrayList<>();
            } else {
                refuseFoldedPair(fold);
                parts.add(repeated(atom(fold)));
            }
        }
        choices.add(inOrder(parts));
        depth--;
        return choices.size() == 1 ? choices.get(0) : new PatternNode.FirstOf(List.copyOf(choices));
    }

    private static PatternNode inOrder(List<PatternNode> parts) {
        return parts.size() == 1 ? parts.get(0) : new PatternNode.InOrder(List.copyOf(parts));
    }

    private void refuseFoldedPair(boolean fold) {
        if (fold && FOLDED_PAIRS.stream().anyMatch(pair -> pattern.regionMatches(true, position, pair, 0, 2))) {
            throw unsupported("two letters that fold to one character");
        }
    }

    private PatternNode atom(boolean fold) {
        int c = next();
        return switch (c) {
            case '(' -> group(fold);
            case '[' -> new PatternNode.One(set(fold));
            case '.' -> new PatternNode.One(CodePointSet.of('\n').complement());
            case '\\' -> new PatternNode.One(escape(fold, false));
            case '^', '$' -> throw unsupported("an anchor");
            case '*', '+', '?' -> throw unsupported("a repetition of nothing");
            default -> new PatternNode.One(folded(c, fold));
        };
    }

    private PatternNode group(boolean fold) {
        PatternNode node;
        if (!take("?")) {
            node = choices(fold);
        } else if (take(":")) {
            node = choices(fold);
        } else if (take("i:")) {
            node = choices(true);
        } else if (take("-i:")) {
            node = choices(false);
        } else if (take("=")) {
            node = new PatternNode.LookAhead(choices(fold), false);
        } else if (take("!")) {
            node = new PatternNode.LookAhead(choices(fold), true);
        } else if (take(">")) {
            node = new PatternNode.Atomic(choices(fold));
        } else {
            throw unsupported("this kind of group");
        }
        if (!take(")")) {
            throw unsupported("a group without its end");
        }
        return node;
    }

    private PatternNode repeated(PatternNode atom) {
        PatternNode node = atom;
        while (position < pattern.length()) {
            int min;
            int max = Integer.MAX_VALUE;
            boolean counted = false;
            if (take("*")) {
                min = 0;
            } else if (take("+")) {
                min = 1;
            } else if (take("?")) {
                min = 0;
                max = 1;
            } else if (pattern.charAt(position) == '{') {
                position++;
                min = number();
                max = !take(",")
                        ? min
                        : position < pattern.length() && pattern.charAt(position) == '}' ? max : number();
                counted = true;
                if (!take("}") || min > max) {
                    throw unsupported("this repetition");
                }
            } else {
                return node;
            }
            node = repeat(node, min, max, counted);
        }
        return node;
    }

    /** After a count in braces neither + nor ? is a mark of greed in this syntax that all readers agree about. */
    private PatternNode repeat(PatternNode part, int min, int max, boolean counted) {
        if (part.canBeEmpty()) {
            throw unsupported("a repetition of what can be empty");
        }
        boolean marked =
                position < pattern.length() && (pattern.charAt(position) == '+' || pattern.charAt(position) == '?');
        if (counted && marked) {
            throw unsupported("a repetition of a counted repetition");
        }
        if (take("+")) {
            return new PatternNode.Atomic(new PatternNode.Repeat(part, min, max, PatternNode.Greed.MOST));
        }
        PatternNode.Greed greed = take("?") ? PatternNode.Greed.LEAST : PatternNode.Greed.MOST;
        return new PatternNode.Repeat(part, min, max, greed);
    }

    private int number() {
        int start = position;
        int value = 0;
        while (position < pattern.length() && pattern.charAt(position) >= '0' && pattern.charAt(position) <= '9') {
            value = value * 10 + pattern.charAt(position++) - '0';
            if (value > MAX_REPEAT) {
                throw unsupported("a count over " + MAX_REPEAT);
            }
        }
        if (position == start) {
            throw unsupported("a repetition without a count");
        }
        return value;
    }

    private CodePointSet set(boolean fold) {
        CodePointSet.Builder builder = new CodePointSet.Builder();
        boolean negated = take("^");
        boolean first = true;
        while (first || !take("]")) {
            int start = position;
            if (take("[") || take("&&")) {
                throw unsupported("a set within a set");
            }
            if (first && take("]")) {
                throw unsupported("an empty set");
            }
            first = false;
            int c = next();
            int literal = c == '\\' ? literalEscape() : c;
            if (literal < 0) {
                position = start + 1;
                builder.set(escape(fold, true));
            } else {
                addRange(builder, literal, rangeEnd(literal), fold);
            }
        }
        return negated ? builder.negate().build() : builder.build();
    }

    /** A minus before the end of a set stands for itself. */
    private int rangeEnd(int first) {
        if (!pattern.startsWith("-", position) || pattern.startsWith("-]", position)) {
            return first;
        }
        position++;
        int c = next();
        int last = c == '\\' ? literalEscape() : c;
        if (c == '[' || last < first) {
            throw unsupported("this range");
        }
        return last;
    }

    private void addRange(CodePointSet.Builder builder, int first, int last, boolean fold) {
        builder.range(first, last);
        if (fold) {
            if (last > 0x7F) {
                throw unsupported("letters beyond ASCII without regard to case");
            }
            for (int c = first; c <= last; c++) {
                builder.set(folded(c, true));
            }
        }
    }

    private CodePointSet folded(int c, boolean fold) {
        if (!fold || !isAsciiLetter(c)) {
            if (fold && c > 0x7F) {
                throw unsupported("letters beyond ASCII without regard to case");
            }
            return CodePointSet.of(c);
        }
        int lower = c | 0x20;
        CodePointSet.Builder builder =
                new CodePointSet.Builder().range(lower, lower).range(lower - 0x20, lower - 0x20);
        if (lower == 's') {
            builder.range(0x17F, 0x17F);
        } else if (lower == 'k') {
            builder.range(0x212A, 0x212A);
        }
        return builder.build();
    }

    private static boolean isAsciiLetter(int c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    }

    /** {@return the one character that an escape stands for, or -1 if it stands for more; behind the backslash} */
    private int literalEscape() {
        int c = next();
        return switch (c) {
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'f' -> '\f';
            case 'v' -> 0x0B;
            case 'a' -> 0x07;
            case 'e' -> 0x1B;
            case 'u' -> hexadecimal(4);
            case 'x' -> take("{") ? bracedHexadecimal() : hexadecimal(2);
            default -> isAsciiLetter(c) || (c >= '0' && c <= '9') ? -1 : c;
        };
    }

    private int bracedHexadecimal() {
        int end = pattern.indexOf('}', position);
        if (end < 0 || end == position || end - position > 6) {
            throw unsupported("this escape");
        }
        int value = hexadecimal(end - position);
        position++;
        return value;
    }

    private int hexadecimal(int digits) {
        int value = 0;
        for (int i = 0; i < digits; i++) {
            int digit = Character.digit(next(), 16);
            if (digit < 0) {
                throw unsupported("this escape");
            }
            value = value * 16 + digit;
        }
        if (value > Character.MAX_CODE_POINT || (digits == 2 && value > 0x7F)) {
            throw unsupported("this escape");
        }
        return value;
    }

    private CodePointSet escape(boolean fold, boolean inSet) {
        int start = position;
        int literal = literalEscape();
        if (literal >= 0) {
            return folded(literal, fold);
        }
        return switch (pattern.charAt(start)) {
            case 's' -> CodePointSet.SPACE;
            case 'S' -> CodePointSet.SPACE.complement();
            case 'd' -> CodePointSet.ofCategories(UnicodeTable.DIGIT);
            case 'D' -> CodePointSet.ofCategories(UnicodeTable.DIGIT).complement();
            case 'w' -> CodePointSet.WORD;
            case 'W' -> CodePointSet.WORD.complement();
            case 'p' -> property(fold, false);
            case 'P' -> property(fold, true);
            default -> throw unsupported(inSet ? "this escape in a set" : "this escape");
        };
    }

    private CodePointSet property(boolean fold, boolean negated) {
        int end = pattern.indexOf('}', position);
        if (!take("{") || end < 0) {
            throw unsupported("a property without braces");
        }
        boolean caret = take("^");
        String name = pattern.substring(position, end);
        position = end + 1;
        int categories = UnicodeTable.categories(name);
        if (categories == 0 || (fold && !List.of("L", "N", "M", "P", "S", "Z").contains(name))) {
            throw unsupported("the property " + name);
        }
        CodePointSet set = CodePointSet.ofCategories(categories);
        return negated == caret ? set : set.complement();
    }

    private boolean take(String expected) {
        if (pattern.startsWith(expected, position)) {
            position += expected.length();
            return true;
        }
        return false;
    }

    private int next() {
        if (position == pattern.length()) {
            throw unsupported("an early end");
        }
        int c = pattern.codePointAt(position);
        position += Character.charCount(c);
        return c;
    }

    private ModelLoadException unsupported(String what) {
        return new ModelLoadException(
                FILE, key, what + " is not supported (before char " + position + " of the pattern " + pattern + ")");
    }
}
