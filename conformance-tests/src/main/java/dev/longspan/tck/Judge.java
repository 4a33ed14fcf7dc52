package dev.longspan.tck;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Judges the logits of one sequence by the {@link Oracle}.
 *
 * <p>What may be off is what the table of tolerances says. Where the network itself makes more of rounding than that (a norm of
 * numbers that nearly cancel), it is as much as it makes of it: weights that are off by a few roundings are put into the oracle, and
 * by how far that moves its logits, and the scores by which it chooses, the backend's may be off, and half as much again.
 */
final class Judge {
    /** How many times what rounding does to the oracle it may do to a backend. */
    private static final double ROOM = 1.5;
    /** How often weights are drawn. */
    private static final int SHAKES = 12;

    private final Oracle oracle;
    private final int[] ids;
    private final Tolerance tolerance;
    private final double[] allowed;
    private final Gaps gaps;

    Judge(Oracle oracle, int[] ids, Tolerance tolerance) {
        this.oracle = oracle;
        this.ids = ids;
        this.tolerance = tolerance;
        this.allowed = new double[ids.length];
        Arrays.fill(allowed, tolerance.oracle());
        this.gaps = new Gaps(tolerance.gap());
    }

    /**
     * Compares all rows, through choices that are too close to call; answers what the oracle computes with the choices it found, of
     * the positions that could be compared.
     *
     * @param what is compared, for the words of a fault
     * @param got a row for each id
     */
    Verdict compare(String what, List<float[]> got) {
        Follower follower =
                new Follower(oracle, ids, gaps, (t, logits) -> tolerance.agree(got.get(t), logits, allowed[t]));
        int compared = 0;
        Follower.Answer answer = Follower.Answer.AGREES;
        while (compared < ids.length && answer == Follower.Answer.AGREES) {
            answer = follower.reach(compared);
            if (answer == Follower.Answer.DIFFERS) {
                shake(follower.want());
                answer = follower.reach(compared);
            }
            if (answer == Follower.Answer.DIFFERS) {
                double[] want = follower.want().logits(compared);
                tolerance.compare(what + " at position " + compared, got.get(compared), want, allowed[compared]);
            }
            compared += answer == Follower.Answer.AGREES ? 1 : 0;
        }
        return new Verdict(follower.want(), compared);
    }

    /**
     * What came of it.
     *
     * @param want what the oracle computes with the backend's choices
     * @param compared how many positions were compared
     */
    record Verdict(OracleResult want, int compared) {}

    /** Allows as much at each position as rounding does to the oracle, if it makes the same choices. */
    private void shake(OracleResult want) {
        for (int shake = 0; shake < SHAKES; shake++) {
            Map<Integer, Choice> own = new HashMap<>();
            OracleResult shaken = oracle.shaken(tolerance.rounding(), shake).compute(ids, want.choices(), own);
            for (int t = 0; t < allowed.length; t++) {
                double off = Tolerance.distance(shaken.logits(t), want.logits(t));
                allowed[t] = Math.max(allowed[t], ROOM * off);
            }
            want.choices().forEach((layer, choice) -> gaps.widen(layer, choice, own.getOrDefault(layer, choice), ROOM));
        }
    }

    /** How far a tensor of the state may be off. */
    double allowed(OracleResult want, String name) {
        double most = tolerance.oracle();
        for (int shake = 0; shake < SHAKES; shake++) {
            OracleResult shaken = oracle.shaken(tolerance.rounding(), shake).compute(ids, want.choices());
            most = Math.max(most, ROOM * Tolerance.distance(shaken.state(name), want.state(name)));
        }
        return most;
    }
}
