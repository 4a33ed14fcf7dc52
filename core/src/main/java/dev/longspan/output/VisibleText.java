package dev.longspan.output;

import java.util.ArrayList;
import java.util.List;

/**
 * Looks for stop strings and for the openings of other parts in visible text that comes character by character, and holds back
 * what could still become one of them.
 *
 * <p>The match that begins first counts; an opening counts more than a stop string that reaches into it.
 */
final class VisibleText {
    /** Says whether an opening counts where it stands. */
    interface OpeningRule {
        /** {@return whether the opening of this index counts that begins behind so many characters} */
        boolean counts(int opening, long start);
    }

    /** What {@link #accept} found: nothing. */
    static final int NOTHING = -1;
    /** What {@link #accept} found: a stop string. */
    static final int STOP = -2;

    private final List<StringMatcher> stops;
    private final List<StringMatcher> openings;
    private final OpeningRule rule;
    private final StringBuilder held = new StringBuilder();
    /** Stop strings that are there, but could still be overruled: start and end of each. */
    private final List<int[]> candidates = new ArrayList<>();
    /** How many characters came before those held. */
    private long base;

    /**
     * Begins.
     *
     * @param stops the stop strings, none empty
     * @param openings the openings, none empty
     * @param rule says which of them count
     */
    VisibleText(List<String> stops, List<String> openings, OpeningRule rule) {
        this.stops = stops.stream().map(StringMatcher::new).toList();
        this.openings = openings.stream().map(StringMatcher::new).toList();
        this.rule = rule;
    }

    /**
     * Takes a character.
     *
     * @return the index of an opening that it completes, {@link #STOP}, or {@link #NOTHING}
     */
    int accept(char next) {
        held.append(next);
        int end = held.length();
        for (int i = 0; i < stops.size(); i++) {
            if (stops.get(i).accept(next)) {
                candidates.add(new int[] {end - stops.get(i).length(), end});
            }
        }
        int found = NOTHING;
        for (int i = 0; i < openings.size(); i++) {
            StringMatcher opening = openings.get(i);
            if (opening.accept(next) && found == NOTHING && rule.counts(i, base + end - opening.length())) {
                found = i;
            }
        }
        if (found == NOTHING && candidates.isEmpty()) {
            return NOTHING;
        }
        return found == NOTHING ? decided(end) : opened(found, end);
    }

    /** An opening is complete: a stop string counts only if it ends before. */
    private int opened(int opening, int end) {
        int start = end - openings.get(opening).length();
        candidates.removeIf(candidate -> candidate[1] > start);
        return candidates.isEmpty() ? opening : STOP;
    }

    /** Whether nothing can overrule the first candidate any more. */
    private int decided(int end) {
        int[] first = first();
        return begun(openings, end) >= first[1] && begun(stops, end) >= first[0] ? STOP : NOTHING;
    }

    private int[] first() {
        int[] first = candidates.get(0);
        for (int[] candidate : candidates) {
            first = candidate[0] < first[0] ? candidate : first;
        }
        return first;
    }

    /** Where the first string begins that could still be completed. */
    private static int begun(List<StringMatcher> matchers, int end) {
        int begun = end;
        for (int i = 0; i < matchers.size(); i++) {
            begun = Math.min(begun, end - matchers.get(i).matched());
        }
        return begun;
    }

    /** {@return what can be nothing but text, and is no longer held} */
    String release() {
        int end = held.length();
        int safe = Math.min(begun(openings, end), begun(stops, end));
        if (!candidates.isEmpty()) {
            safe = Math.min(safe, first()[0]);
        }
        String text = held.substring(0, safe);
        held.delete(0, safe);
        base += safe;
        for (int[] candidate : candidates) {
            candidate[0] -= safe;
            candidate[1] -= safe;
        }
        return text;
    }

    /** {@return the text before the opening that was found; the text then begins anew} */
    String before(int opening) {
        String text = held.substring(0, held.length() - openings.get(opening).length());
        restart();
        return text;
    }

    /** {@return the text before the stop string that was found} */
    String beforeStop() {
        return held.substring(0, first()[0]);
    }

    /** {@return whether the end of the text decides for a stop string} */
    boolean endsWithStop() {
        return !candidates.isEmpty();
    }

    /** {@return all that is held; the text then begins anew} */
    String rest() {
        String text = held.toString();
        restart();
        return text;
    }

    /** {@return how many characters were taken so far} */
    long position() {
        return base + held.length();
    }

    private void restart() {
        base += held.length();
        held.setLength(0);
        candidates.clear();
        stops.forEach(StringMatcher::reset);
        openings.forEach(StringMatcher::reset);
    }
}
