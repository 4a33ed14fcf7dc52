package dev.longspan.tck;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Judges the logits of one stretch of a sequence by the {@link Oracle}.
 *
 * <p>What may be off is what the table of tolerances says. Where the network itself makes more of rounding than that (a norm of
 * numbers that nearly cancel), it is as much as it makes of it: weights and intermediate numbers that are off by a few roundings
 * are put into the oracle, and twice as far as that moves its logits, and the scores by which it chooses, the backend's may be off.
 */
final class Judge {
    /** How many times what rounding does to the oracle it may do to a backend. */
    private static final double ROOM = 2;
    /** How often they are drawn. */
    private static final int SHAKES = 12;
    /** After so many, what is many times farther off than all of them has another reason, where rounding is fine. */
    private static final int FEW_SHAKES = 2;

    private static final double MANY_TIMES = 20;

    private final Oracle oracle;
    private final Stretch stretch;
    private final Tolerance tolerance;
    private final double[] allowed;
    private final Gaps gaps;
    private @Nullable OracleResult right;
    private boolean shaken;

    Judge(Oracle oracle, int[] ids, Tolerance tolerance) {
        this(oracle, Stretch.whole(ids), tolerance);
    }

    Judge(Oracle oracle, Stretch stretch, Tolerance tolerance) {
        this.oracle = oracle;
        this.stretch = stretch;
        this.tolerance = tolerance;
        this.allowed = new double[stretch.rows()];
        Arrays.fill(allowed, tolerance.oracle());
        this.gaps = new Gaps(tolerance.gap());
    }

    /**
     * Compares all rows, through choices that are too close to call; answers what the oracle computes with the choices it found, of
     * the positions that could be compared.
     *
     * @param what is compared, for the words of a fault
     * @param got a row for each one that is wanted
     */
    Verdict compare(String what, List<float[]> got) {
        Follower follower =
                new Follower(oracle, stretch, gaps, (t, logits) -> tolerance.agree(got.get(t), logits, allowed[t]));
        int compared = 0;
        Follower.Answer answer = Follower.Answer.AGREES;
        while (compared < stretch.rows() && answer == Follower.Answer.AGREES) {
            answer = follower.reach(compared);
            if (answer == Follower.Answer.DIFFERS) {
                shake(follower.want(), compared, got.get(compared));
                answer = follower.reach(compared);
            }
            if (answer == Follower.Answer.DIFFERS) {
                compare(what, compared, got.get(compared), follower.want());
            }
            compared += answer == Follower.Answer.AGREES ? 1 : 0;
        }
        return new Verdict(follower.want(), compared);
    }

    private void compare(String what, int row, float[] got, OracleResult want) {
        tolerance.compare(what + " at position " + stretch.position(row), got, want.logits(row), allowed[row]);
    }

    /**
     * Compares rows one by one, of a network in which no row depends on what others choose: of which the last layer alone chooses, or
     * none. Those whose own choices are too close to call are left out.
     *
     * @param what is compared, for the words of a fault
     * @param first which of the wanted rows is the first
     * @param got the row of it, and those of the next ones
     * @return how many were compared
     */
    int compareClear(String what, int first, List<float[]> got) {
        int compared = 0;
        for (int row = first; row < first + got.size(); row++) {
            float[] numbers = got.get(row - first);
            boolean clear = isClear(row);
            if (clear && !shaken && !tolerance.agree(numbers, right().logits(row), allowed[row])) {
                shaken = true;
                shake(right(), row, numbers);
                clear = isClear(row);
            }
            if (clear) {
                compare(what, row, numbers, right());
                compared++;
            }
        }
        return compared;
    }

    /** How many rows from one on have no choice that is too close to call. */
    int clear(int first) {
        int clear = 0;
        for (int row = first; row < stretch.rows(); row++) {
            clear += isClear(row) ? 1 : 0;
        }
        return clear;
    }

    private boolean isClear(int row) {
        return areClear(right(), row, row, 1);
    }

    /** Whether all choices from one row to another decide by so many times what they must. */
    private boolean areClear(OracleResult result, int first, int last, double times) {
        for (var layer : result.choices().entrySet()) {
            Choice choice = layer.getValue();
            for (int unit = first * choice.units(); unit < (last + 1) * choice.units(); unit++) {
                if (choice.gaps()[unit] < times * gaps.of(layer.getKey(), unit)) {
                    return false;
                }
            }
        }
        return true;
    }

    /** What the oracle computes if it makes all choices itself. */
    private OracleResult right() {
        if (right == null) {
            right = oracle.compute(stretch);
        }
        return right;
    }

    /**
     * What came of it.
     *
     * @param want what the oracle computes with the backend's choices
     * @param compared how many positions were compared
     */
    record Verdict(OracleResult want, int compared) {}

    /**
     * Allows as much at each position as rounding does to the oracle, if it makes the same choices.
     *
     * @param row one that differs: once it is clear that no rounding explains it, no more weights are drawn
     */
    private void shake(OracleResult want, int row, float[] got) {
        for (int shake = 0; shake < SHAKES; shake++) {
            if (shake == FEW_SHAKES && isFarOff(row, got, want)) {
                return;
            }
            Map<Integer, Choice> own = new HashMap<>();
            OracleResult other = oracle.shaken(tolerance.rounding(), shake).compute(stretch, want.choices(), own);
            for (int t = 0; t < allowed.length; t++) {
                double off = Tolerance.distance(other.logits(t), want.logits(t));
                allowed[t] = Math.max(allowed[t], ROOM * off);
            }
            want.choices().forEach((layer, choice) -> gaps.widen(layer, choice, own.getOrDefault(layer, choice), ROOM));
        }
    }

    /** In 16 bits, what nearly cancels may turn its sign, and all behind it, though few of the drawings show it. */
    private boolean isFarOff(int row, float[] got, OracleResult want) {
        return tolerance.isFine()
                && !tolerance.agree(got, want.logits(row), MANY_TIMES * allowed[row])
                && areClear(want, 0, row, MANY_TIMES);
    }

    /** How far a tensor of the state may be off. */
    double allowed(OracleResult want, String name) {
        double most = tolerance.oracle();
        for (int shake = 0; shake < SHAKES; shake++) {
            OracleResult other =
                    oracle.shaken(tolerance.rounding(), shake).compute(stretch, want.choices(), new HashMap<>());
            most = Math.max(most, ROOM * Tolerance.distance(other.state(name), want.state(name)));
        }
        return most;
    }
}
