package dev.longspan.tokenizer;

import java.text.Normalizer.Form;
import java.util.Arrays;
import java.util.List;

/** A step that rewrites a text before it is cut into words; what a marked char becomes is marked. Immutable. */
sealed interface Normalizer {
    /** {@return the text as this step writes it} */
    MarkedChars apply(MarkedChars text);

    /** Steps one after the other. */
    record InOrder(List<Normalizer> steps) implements Normalizer {
        @Override
        public MarkedChars apply(MarkedChars text) {
            MarkedChars result = text;
            for (Normalizer step : steps) {
                result = step.apply(result);
            }
            return result;
        }
    }

    /** One of the Unicode normalization forms, as the JDK knows it. */
    record Unicode(Form form) implements Normalizer {
        @Override
        public MarkedChars apply(MarkedChars text) {
            byte[] marks = text.marks();
            if (marks == null) {
                return MarkedChars.plain(normalized(text.text()));
            }
            String source = text.text();
            Rewriting result = new Rewriting(source.length());
            int start = 0;
            for (int end = 1; end <= source.length(); end++) {
                // nothing ever combines across the front of an ASCII character
                if (end == source.length() || source.charAt(end) < 0x80) {
                    add(source, marks, start, end, result);
                    start = end;
                }
            }
            return result.toMarkedChars();
        }

        private String normalized(String text) {
            return java.text.Normalizer.normalize(MarkOrder.inOrder(text), form);
        }

        /** Parts of one mark each keep their marks, unless something combines across them. */
        private void add(String source, byte[] marks, int start, int end, Rewriting result) {
            String whole = normalized(source.substring(start, end));
            Rewriting parts = new Rewriting(whole.length());
            int from = start;
            for (int to = start + 1; to <= end; to++) {
                if (to == end || marks[to] != marks[from]) {
                    parts.add(normalized(source.substring(from, to)), marks[from]);
                    from = to;
                }
            }
            if (parts.text.toString().contentEquals(whole)) {
                result.copy(parts.toMarkedChars(), 0, whole.length());
            } else {
                result.add(whole, MarkedChars.strongest(marks, start, end));
            }
        }
    }

    /** Lower case, each code point for itself. */
    record Lowercase() implements Normalizer {
        private static final int DOTTED_CAPITAL_I = 0x130;

        @Override
        public MarkedChars apply(MarkedChars text) {
            String source = text.text();
            byte[] marks = text.marks();
            Rewriting result = new Rewriting(source.length());
            for (int i = 0; i < source.length(); ) {
                int c = source.codePointAt(i);
                byte mark = marks == null ? MarkedChars.NONE : marks[i];
                result.add(c == DOTTED_CAPITAL_I ? "i\u0307" : Character.toString(Character.toLowerCase(c)), mark);
                i += Character.charCount(c);
            }
            return result.toMarkedChars();
        }
    }

    /** Puts a text before any text that is not empty. */
    record Prepend(String prefix) implements Normalizer {
        @Override
        public MarkedChars apply(MarkedChars text) {
            if (text.text().isEmpty()) {
                return text;
            }
            Rewriting result = new Rewriting(prefix.length() + text.text().length());
            result.add(prefix, MarkedChars.NONE);
            result.copy(text, 0, text.text().length());
            return result.toMarkedChars();
        }
    }

    /** Writes a text for each match of a pattern. */
    record Replace(SplitPattern pattern, String replacement) implements Normalizer {
        @Override
        public MarkedChars apply(MarkedChars text) {
            char[] chars = text.text().toCharArray();
            byte[] marks = text.marks();
            PatternMatcher matcher = new PatternMatcher(pattern, chars);
            Rewriting result = new Rewriting(chars.length);
            int at = 0;
            while (at < chars.length && matcher.find(at, chars.length)) {
                result.copy(text, at, matcher.start());
                at = matcher.end();
                result.add(
                        replacement,
                        marks == null ? MarkedChars.NONE : MarkedChars.strongest(marks, matcher.start(), at));
            }
            result.copy(text, at, chars.length);
            return result.toMarkedChars();
        }
    }

    /** Takes white space away at the ends. */
    record Strip(boolean left, boolean right) implements Normalizer {
        @Override
        public MarkedChars apply(MarkedChars text) {
            String source = text.text();
            int start = 0;
            int end = source.length();
            while (left && start < end && CodePointSet.SPACE.contains(source.charAt(start))) {
                start++;
            }
            while (right && end > start && CodePointSet.SPACE.contains(source.charAt(end - 1))) {
                end--;
            }
            Rewriting result = new Rewriting(end - start);
            result.copy(text, start, end);
            return result.toMarkedChars();
        }
    }

    /** A text that is being written. */
    final class Rewriting {
        private final StringBuilder text;
        private byte[] marks = new byte[0];
        private boolean marked;

        private Rewriting(int capacity) {
            text = new StringBuilder(capacity);
        }

        private void add(String part, byte mark) {
            int start = text.length();
            text.append(part);
            if (mark != MarkedChars.NONE) {
                reserveMarks();
                Arrays.fill(marks, start, text.length(), mark);
            }
        }

        private void copy(MarkedChars source, int start, int end) {
            int at = text.length();
            text.append(source.text(), start, end);
            byte[] sourceMarks = source.marks();
            if (sourceMarks != null) {
                reserveMarks();
                System.arraycopy(sourceMarks, start, marks, at, end - start);
            }
        }

        private void reserveMarks() {
            marked = true;
            if (text.length() > marks.length) {
                marks = Arrays.copyOf(marks, text.length() * 2);
            }
        }

        private MarkedChars toMarkedChars() {
            String result = text.toString();
            return new MarkedChars(result, marked ? Arrays.copyOf(marks, result.length()) : null);
        }
    }
}
