package dev.longspan.tokenizer;

import java.util.List;

/** A step that cuts a text into words before any merge. Immutable. */
sealed interface PreTokenizer {
    /** {@return the pieces that these pieces fall into} */
    Pieces apply(Pieces pieces);

    /** Steps one after the other. */
    record InOrder(List<PreTokenizer> steps) implements PreTokenizer {
        @Override
        public Pieces apply(Pieces pieces) {
            Pieces result = pieces;
            for (PreTokenizer step : steps) {
                result = step.apply(result);
            }
            return result;
        }
    }

    /** Cuts where a pattern matches; inverted, what lies between the matches counts as match. */
    record Split(SplitPattern pattern, SplitBehavior behavior, boolean inverted) implements PreTokenizer {
        @Override
        public Pieces apply(Pieces pieces) {
            Pieces result = pieces.sameText();
            PatternMatcher matcher = new PatternMatcher(pattern, pieces.text());
            IntBuffer starts = new IntBuffer();
            IntBuffer isMatch = new IntBuffer();
            for (int piece = 0; piece < pieces.count(); piece++) {
                int at = pieces.start(piece);
                int end = pieces.end(piece);
                starts.clear();
                isMatch.clear();
                while (at < end && matcher.find(at, end)) {
                    addPart(starts, isMatch, at, matcher.start(), false);
                    addPart(starts, isMatch, matcher.start(), matcher.end(), true);
                    at = matcher.end();
                }
                addPart(starts, isMatch, at, end, false);
                behavior.split(starts, isMatch, end, result);
            }
            return result;
        }

        private void addPart(IntBuffer starts, IntBuffer isMatch, int start, int end, boolean match) {
            if (end > start) {
                starts.add(start);
                isMatch.add(match == inverted ? 0 : 1);
            }
        }
    }

    /** Puts a text before each piece that does not begin with it. */
    record Prefix(char prefix, Where where) implements PreTokenizer {
        /** Which pieces get the prefix. */
        enum Where {
            EVERY_PIECE,
            OPENING_PIECE
        }

        @Override
        public Pieces apply(Pieces pieces) {
            char[] source = pieces.text();
            char[] text = new char[pieces.length() + pieces.count()];
            Pieces result = new Pieces(text, text.length, pieces.opening());
            int at = 0;
            for (int piece = 0; piece < pieces.count(); piece++) {
                int start = pieces.start(piece);
                int length = pieces.end(piece) - start;
                int target = at;
                boolean opens = pieces.opening() && start == 0;
                if (source[start] != prefix && (where == Where.EVERY_PIECE || opens)) {
                    text[target++] = prefix;
                }
                System.arraycopy(source, start, text, target, length);
                result.add(at, target + length);
                at = target + length;
            }
            return result;
        }
    }

    /** Writes another character for each space. */
    record Spaces(char replacement) implements PreTokenizer {
        @Override
        public Pieces apply(Pieces pieces) {
            char[] text = pieces.text().clone();
            for (int i = 0; i < text.length; i++) {
                if (text[i] == ' ') {
                    text[i] = replacement;
                }
            }
            Pieces result = new Pieces(text, pieces.length(), pieces.opening());
            for (int piece = 0; piece < pieces.count(); piece++) {
                result.add(pieces.start(piece), pieces.end(piece));
            }
            return result;
        }
    }
}
