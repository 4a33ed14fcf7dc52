package dev.longspan.spi;

import java.util.List;

/**
 * Runs that are computed together; prompts and single steps mix.
 *
 * @param runs at least one, each with a state of its own
 */
public record Batch(List<Run> runs) {
    /** Checks and copies the components. */
    public Batch {
        runs = List.copyOf(runs);
        if (runs.isEmpty()) {
            throw new IllegalArgumentException("runs: expected at least one");
        }
    }

    /**
     * {@return a batch of these runs}
     *
     * @param runs at least one
     */
    public static Batch of(Run... runs) {
        return new Batch(List.of(runs));
    }

    /** {@return how many token ids it holds in all} */
    public int tokens() {
        int sum = 0;
        for (Run run : runs) {
            sum = Math.addExact(sum, run.size());
        }
        return sum;
    }
}
