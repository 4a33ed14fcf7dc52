package dev.longspan.tokenizer;

import java.text.Normalizer.Form;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Puts long runs of combining marks into canonical order. The JDK's normalizer does that, too, but in time that grows
 * with the square of the run; what comes out of it is the same either way.
 */
final class MarkOrder {
    /** Shorter runs are left to the JDK. */
    private static final int LONG_RUN = 128;

    private static final String LAST_OF_ALL = "\u0345";

    /** Each mark as the marks it decomposes to. */
    private final Map<Integer, int[]> parts = new HashMap<>();

    private MarkOrder() {}

    /** {@return a canonically equivalent text whose long runs of marks are in order} */
    static String inOrder(String text) {
        StringBuilder result = null;
        int done = 0;
        int start = 0;
        while (start < text.length()) {
            int end = endOfMarks(text, start);
            if (end - start > LONG_RUN) {
                result = result == null ? new StringBuilder(text.length()) : result;
                result.append(text, done, start);
                new MarkOrder().sort(text.substring(start, end), result);
                done = end;
            }
            start = end > start ? end : start + Character.charCount(text.codePointAt(start));
        }
        return result == null ? text : result.append(text, done, text.length()).toString();
    }

    private static int endOfMarks(String text, int start) {
        int end = start;
        while (end < text.length() && text.charAt(end) >= 0x300) {
            int codePoint = text.codePointAt(end);
            if ((UnicodeTable.BUNDLED.bit(codePoint) & UnicodeTable.MARK) == 0) {
                break;
            }
            end += Character.charCount(codePoint);
        }
        return end;
    }

    private void sort(String run, StringBuilder target) {
        IntBuffer marks = new IntBuffer();
        run.codePoints().forEach(mark -> marks.addAll(parts.computeIfAbsent(mark, MarkOrder::decompose)));
        Map<Integer, Integer> ranks = ranks(marks);
        List<IntBuffer> byRank = new ArrayList<>();
        ranks.values().forEach(rank -> byRank.add(new IntBuffer()));
        for (int i = 0; i < marks.size(); i++) {
            Integer rank = ranks.get(marks.get(i));
            if (rank == null) {
                flush(byRank, target);
                target.appendCodePoint(marks.get(i));
            } else {
                byRank.get(rank).add(marks.get(i));
            }
        }
        flush(byRank, target);
    }

    private static void flush(List<IntBuffer> byRank, StringBuilder target) {
        for (IntBuffer marks : byRank) {
            for (int i = 0; i < marks.size(); i++) {
                target.appendCodePoint(marks.get(i));
            }
            marks.clear();
        }
    }

    /** {@return the place of each mark's combining class among those here; a mark that never moves has none} */
    private static Map<Integer, Integer> ranks(IntBuffer marks) {
        Map<Integer, Integer> ranks = new HashMap<>();
        for (int i = 0; i < marks.size(); i++) {
            ranks.put(marks.get(i), 0);
        }
        List<Integer> moving = new ArrayList<>();
        for (Integer mark : ranks.keySet()) {
            if (moves(mark)) {
                moving.add(mark);
            }
        }
        moving.sort(MarkOrder::compare);
        ranks.clear();
        int rank = -1;
        for (int i = 0; i < moving.size(); i++) {
            rank += i == 0 || compare(moving.get(i - 1), moving.get(i)) != 0 ? 1 : 0;
            ranks.put(moving.get(i), rank);
        }
        return ranks;
    }

    private static boolean moves(int mark) {
        String text = Character.toString(mark);
        return text.equals(LAST_OF_ALL) || decomposed(LAST_OF_ALL + text).equals(text + LAST_OF_ALL);
    }

    /** Compares combining classes by what the JDK does with two marks that do not decompose. */
    private static int compare(int left, int right) {
        String first = Character.toString(left);
        String second = Character.toString(right);
        if (left == right) {
            return 0;
        }
        if (decomposed(first + second).equals(second + first)) {
            return 1;
        }
        return decomposed(second + first).equals(first + second) ? -1 : 0;
    }

    private static int[] decompose(int mark) {
        return decomposed(Character.toString(mark)).codePoints().toArray();
    }

    private static String decomposed(String text) {
        return java.text.Normalizer.normalize(text, Form.NFD);
    }
}
