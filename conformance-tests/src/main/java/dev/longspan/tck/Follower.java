package dev.longspan.tck;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Follows a backend through choices that rounding may turn: where its logits are not the oracle's, the narrow decisions before are
 * imposed the other way, until they are.
 */
final class Follower {
    /** How many decisions are turned for one position. */
    private static final int DEEPEST = 3;
    /** How many computations are tried for one position. */
    private static final int MOST = 60;

    private final Oracle oracle;
    private final Stretch stretch;
    private final Gaps gaps;
    private final Rows rows;
    private Set<Oracle.Turn> turns = Set.of();
    private OracleResult want;
    private int tried;
    private boolean complete;

    /** What the backend computed. */
    interface Rows {
        /** Whether a row of the oracle is the backend's, too. */
        boolean agree(int position, double[] logits);
    }

    Follower(Oracle oracle, Stretch stretch, Gaps gaps, Rows rows) {
        this.oracle = oracle;
        this.stretch = stretch;
        this.gaps = gaps;
        this.rows = rows;
        this.want = oracle.compute(stretch, turns);
    }

    /** What the oracle computes with the choices that were found. */
    OracleResult want() {
        return want;
    }

    /**
     * Looks for choices with which all positions up to this one agree.
     *
     * @return whether there are any, or there are too many to try all
     */
    Answer reach(int position) {
        if (rows.agree(position, want.logits(position))) {
            return Answer.AGREES;
        }
        tried = 0;
        complete = true;
        for (int depth = 1; depth <= DEEPEST && tried < MOST; depth++) {
            complete = true;
            if (turn(position, turns, want, 0, depth)) {
                return Answer.AGREES;
            }
        }
        return complete && tried < MOST ? Answer.DIFFERS : Answer.UNKNOWN;
    }

    /** What came of a search. */
    enum Answer {
        AGREES,
        DIFFERS,
        UNKNOWN
    }

    /** Turns one more of the decisions up to a position, and as many behind it as the depth says. */
    private boolean turn(int position, Set<Oracle.Turn> before, OracleResult result, int first, int depth) {
        List<Oracle.Turn> narrow = narrow(result, position);
        if (depth == 0) {
            complete &= narrow.size() <= first;
            return false;
        }
        for (int i = narrow.size() - 1; i >= first && tried < MOST; i--) {
            Set<Oracle.Turn> more = new HashSet<>(before);
            more.add(narrow.get(i));
            OracleResult changed = oracle.compute(stretch, more);
            tried++;
            if (agreeUpTo(position, changed)) {
                turns = more;
                want = changed;
                return true;
            }
            // nothing before it depends on it; and as it is narrow no longer, the next now has its index
            if (turn(position, more, changed, i, depth - 1)) {
                return true;
            }
        }
        return false;
    }

    private boolean agreeUpTo(int position, OracleResult result) {
        for (int t = position; t >= 0; t--) {
            if (!rows.agree(t, result.logits(t))) {
                return false;
            }
        }
        return true;
    }

    /** The narrow decisions up to a position, each behind all that it depends on. */
    private List<Oracle.Turn> narrow(OracleResult result, int position) {
        List<Oracle.Turn> narrow = new ArrayList<>();
        for (int t = 0; t <= position; t++) {
            for (var layer : result.choices().entrySet()) {
                Choice choice = layer.getValue();
                for (int unit = t * choice.units(); unit < (t + 1) * choice.units(); unit++) {
                    double gap = gaps.of(layer.getKey(), unit);
                    if (choice.gaps()[unit] < gap) {
                        narrow.add(new Oracle.Turn(layer.getKey(), unit));
                        complete &= choice.nextGap(unit) >= gap;
                    }
                }
            }
        }
        return narrow;
    }
}
