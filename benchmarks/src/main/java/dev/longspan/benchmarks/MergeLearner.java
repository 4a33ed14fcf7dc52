package dev.longspan.benchmarks;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;

/** Learns byte-pair merges from counted words, always of the pair that occurs most often. */
final class MergeLearner {
    private final List<String> tokens = new ArrayList<>();
    private final Map<String, Integer> ids = new HashMap<>();
    private final List<List<String>> merges = new ArrayList<>();
    private final List<List<Integer>> words = new ArrayList<>();
    private final List<Integer> counts = new ArrayList<>();
    private final Map<Pair, Integer> pairCounts = new HashMap<>();
    private final Map<Pair, Set<Integer>> pairWords = new HashMap<>();
    private final Set<Pair> changed = new HashSet<>();
    private final PriorityQueue<Candidate> candidates = new PriorityQueue<>(
            Comparator.comparingInt(Candidate::count).reversed().thenComparing(Candidate::pair));

    private record Pair(int left, int right) implements Comparable<Pair> {
        @Override
        public int compareTo(Pair other) {
            return left != other.left ? Integer.compare(left, other.left) : Integer.compare(right, other.right);
        }
    }

    /** A pair with the count it had when this was written down. */
    private record Candidate(Pair pair, int count) {}

    /**
     * Begins with tokens that are there in any case.
     *
     * @param first the tokens, by ascending id
     */
    MergeLearner(List<String> first) {
        first.forEach(this::id);
    }

    /**
     * Learns.
     *
     * @param counted how often each word occurs; a word's symbols are its code points
     * @param count how many merges to learn at most
     */
    void learn(Map<String, Integer> counted, int count) {
        counted.forEach((word, times) -> {
            words.add(new ArrayList<>(
                    word.codePoints().mapToObj(c -> id(Character.toString(c))).toList()));
            counts.add(times);
        });
        for (int word = 0; word < words.size(); word++) {
            note(word, 1);
        }
        noteCandidates();
        while (merges.size() < count && !candidates.isEmpty()) {
            Candidate best = candidates.remove();
            if (pairCounts.getOrDefault(best.pair(), 0) == best.count()) {
                merge(best.pair());
                noteCandidates();
            }
        }
    }

    /** {@return the tokens; a token's id is its place} */
    List<String> tokens() {
        return tokens;
    }

    /** {@return the merges, the first learnt first} */
    List<List<String>> merges() {
        return merges;
    }

    private int id(String token) {
        return ids.computeIfAbsent(token, missing -> {
            tokens.add(missing);
            return tokens.size() - 1;
        });
    }

    private void merge(Pair pair) {
        int joined = id(tokens.get(pair.left()) + tokens.get(pair.right()));
        merges.add(List.of(tokens.get(pair.left()), tokens.get(pair.right())));
        for (int word : pairWords.getOrDefault(pair, Set.of()).stream().sorted().toList()) {
            note(word, -1);
            List<Integer> symbols = words.get(word);
            List<Integer> shorter = new ArrayList<>(symbols.size());
            for (int k = 0; k < symbols.size(); k++) {
                boolean here =
                        symbols.get(k) == pair.left() && k + 1 < symbols.size() && symbols.get(k + 1) == pair.right();
                shorter.add(here ? joined : symbols.get(k));
                k += here ? 1 : 0;
            }
            words.set(word, shorter);
            note(word, 1);
        }
        pairCounts.remove(pair);
        pairWords.remove(pair);
    }

    /** Counts a word's pairs in, or out. */
    private void note(int word, int sign) {
        List<Integer> symbols = words.get(word);
        for (int k = 0; k + 1 < symbols.size(); k++) {
            Pair pair = new Pair(symbols.get(k), symbols.get(k + 1));
            pairCounts.merge(pair, sign * counts.get(word), Integer::sum);
            changed.add(pair);
            if (sign > 0) {
                pairWords.computeIfAbsent(pair, missing -> new HashSet<>()).add(word);
            }
        }
    }

    /** Writes down the new counts; the old ones no longer hold and are passed over when they come up. */
    private void noteCandidates() {
        for (Pair pair : changed) {
            int now = pairCounts.getOrDefault(pair, 0);
            if (now > 0) {
                candidates.add(new Candidate(pair, now));
            }
        }
        changed.clear();
    }
}
