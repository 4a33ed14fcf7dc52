package dev.longspan.session;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Which checkpoints a session keeps: its head; those before and after the last message of a user; the newest turn ends; then the
 * newest turn end at each doubling distance.
 */
final class KeepRule {
    private static final int MOST = 12;
    private static final int NEWEST_TURN_ENDS = 4;
    private static final int FIRST_DISTANCE = 8192;

    private KeepRule() {}

    /**
     * {@return those to keep, by ascending position, at most one for each}
     *
     * @param candidates all there are, the head among them
     * @param head the head's position
     * @param before where the last message of a user begins
     * @param after where it ends
     */
    static List<Kept> choose(List<Kept> candidates, int head, int before, int after) {
        List<Kept> newestFirst = new ArrayList<>(candidates);
        newestFirst.sort(Comparator.comparingInt(Kept::position).reversed().thenComparing(kept -> !kept.turnEnd()));
        Set<Integer> wanted = new LinkedHashSet<>(List.of(head, before, after));
        List<Integer> ends = newestFirst.stream()
                .filter(Kept::turnEnd)
                .map(Kept::position)
                .distinct()
                .toList();
        ends.stream().limit(NEWEST_TURN_ENDS).forEach(wanted::add);
        for (long distance = FIRST_DISTANCE; distance < head; distance *= 2) {
            long newest = head - distance;
            ends.stream().filter(end -> end <= newest).findFirst().ifPresent(wanted::add);
        }
        Set<Integer> present = new LinkedHashSet<>();
        for (int position : wanted) {
            if (present.size() < MOST && candidates.stream().anyMatch(kept -> kept.position() == position)) {
                present.add(position);
            }
        }
        List<Kept> chosen = new ArrayList<>();
        for (Kept kept : newestFirst) {
            if (present.remove(kept.position())) {
                chosen.add(0, kept);
            }
        }
        return chosen;
    }
}
