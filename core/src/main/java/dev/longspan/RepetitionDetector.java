package dev.longspan;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * Finds out whether a row of tokens ends in a loop: the smallest period, not above {@code maxPeriod}, whose last
 * {@code minRepeats} blocks are equal and whose block holds at least {@code minUniqueTokens} different tokens. What came
 * before those blocks does not matter.
 *
 * <p>Takes time linear in the tail that is looked at (Z function of the reversed tail). Immutable; any thread.
 */
public final class RepetitionDetector {
    private final RepetitionSettings settings;

    /**
     * A loop at the end of a row of tokens.
     *
     * @param period the length of its block, in tokens
     * @param repeats how many equal blocks were asked for
     * @param checkedTailLength how many tokens were looked at
     */
    public record Repetition(int period, int repeats, int checkedTailLength) {}

    /**
     * Makes a detector.
     *
     * @param settings when an answer counts as repeating itself
     */
    public RepetitionDetector(RepetitionSettings settings) {
        this.settings = settings;
    }

    /**
     * {@return whether it is time to look, after a token}
     *
     * @param generatedTokens how many tokens the answer has
     */
    public boolean isDue(int generatedTokens) {
        return settings.enabled()
                && generatedTokens >= settings.minGeneratedTokens()
                && generatedTokens % settings.checkEvery() == 0;
    }

    /**
     * Looks for a loop at the end.
     *
     * @param tokens holds the tokens
     * @param length how many of them there are
     * @return the loop of the smallest period; empty if there is none, or fewer than {@code minGeneratedTokens}
     */
    public Optional<Repetition> detect(int[] tokens, int length) {
        if (length < settings.minGeneratedTokens()) {
            return Optional.empty();
        }
        int tail = Math.min(length, settings.tailLength());
        int longest = Math.min(settings.maxPeriod(), tail / settings.minRepeats());
        int[] match = new int[tail];
        Set<Integer> different = new HashSet<>();
        int counted = 0;
        int left = 0;
        int right = 0;
        for (int period = 1; period <= longest; period++) {
            int same = period < right ? Math.min(right - period, match[period - left]) : 0;
            while (period + same < tail && tokens[length - 1 - same] == tokens[length - 1 - period - same]) {
                same++;
            }
            match[period] = same;
            if (period + same > right) {
                left = period;
                right = period + same;
            }
            if (same < (long) period * (settings.minRepeats() - 1)) {
                continue;
            }
            while (counted < period) { // only here, so that text without a loop costs nothing
                counted++;
                different.add(tokens[length - counted]);
            }
            if (different.size() >= settings.minUniqueTokens()) {
                return Optional.of(new Repetition(period, settings.minRepeats(), tail));
            }
        }
        return Optional.empty();
    }
}
