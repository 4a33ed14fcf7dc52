package dev.longspan.tck;

import java.util.Arrays;

/**
 * What one layer of the oracle chose of many: the anchors of an attention layer or the experts of a mixture.
 *
 * <p>A unit is what chooses: a query head at a position, or a token. A backend that computes in float32 or less may choose
 * otherwise where the gap is small, and is then not wrong.
 */
public final class Choice {
    private final int units;
    private final int perUnit;
    private final int[] picked;
    private final double[] scores;
    private final double[] gaps;
    /** What would be picked if the narrowest decision went the other way, like picked. */
    private final int[] otherwise;
    /** The gaps of the decisions that are next narrow, like gaps. */
    private final double[] nextGaps;

    /** One in which nothing is chosen yet. */
    Choice(int positions, int units, int perUnit) {
        this.units = units;
        this.perUnit = perUnit;
        this.picked = new int[positions * units * perUnit];
        this.scores = new double[picked.length];
        this.gaps = new double[positions * units];
        this.otherwise = new int[picked.length];
        this.nextGaps = new double[gaps.length];
        Arrays.fill(picked, -1);
        Arrays.fill(scores, Double.NEGATIVE_INFINITY);
        Arrays.fill(gaps, Double.POSITIVE_INFINITY);
        Arrays.fill(nextGaps, Double.POSITIVE_INFINITY);
    }

    /**
     * Keeps the first candidates of a unit.
     *
     * @param unit which, counted through all positions
     * @param candidates all that may be picked, best first
     * @param ranked their scores
     */
    void keepFirst(int unit, int[] candidates, double[] ranked) {
        int at = unit * perUnit;
        int kept = Math.min(perUnit, candidates.length);
        System.arraycopy(candidates, 0, picked, at, kept);
        System.arraycopy(ranked, 0, scores, at, kept);
        System.arraycopy(picked, at, otherwise, at, perUnit);
        gaps[unit] = gap(ranked, kept - 1, kept);
        nextGaps[unit] = Math.min(gap(ranked, kept - 1, kept + 1), gap(ranked, kept - 2, kept));
        if (candidates.length > kept) {
            otherwise[at + kept - 1] = candidates[kept];
        }
    }

    /** Notes that a unit's candidates were themselves chosen by a decision, and what would be picked if that went the other way. */
    void decided(int unit, double gap, double nextGap, int[] instead) {
        if (gap < gaps[unit]) {
            nextGaps[unit] = Math.min(gaps[unit], nextGap);
            gaps[unit] = gap;
            System.arraycopy(instead, 0, otherwise, unit * perUnit, perUnit);
        } else {
            nextGaps[unit] = Math.min(nextGaps[unit], gap);
        }
    }

    /** How clearly one of some ranked scores is kept and another left out; infinite if there are not both. */
    static double gap(double[] ranked, int kept, int left) {
        return kept < 0 || left >= ranked.length
                ? Double.POSITIVE_INFINITY
                : (ranked[kept] - ranked[left]) / Math.max(1, Math.abs(ranked[kept]));
    }

    /** The same, but for the narrowest decision of a unit, which goes the other way and is not narrow then. */
    Choice turned(int unit) {
        Choice turned = new Choice(gaps.length / units, units, perUnit);
        System.arraycopy(picked, 0, turned.picked, 0, picked.length);
        System.arraycopy(scores, 0, turned.scores, 0, scores.length);
        System.arraycopy(gaps, 0, turned.gaps, 0, gaps.length);
        System.arraycopy(otherwise, 0, turned.otherwise, 0, otherwise.length);
        System.arraycopy(nextGaps, 0, turned.nextGaps, 0, nextGaps.length);
        System.arraycopy(otherwise, unit * perUnit, turned.picked, unit * perUnit, perUnit);
        turned.gaps[unit] = Double.POSITIVE_INFINITY;
        return turned;
    }

    /** By how much the gap of a unit is another in a computation that is a little off; 0 where there is nothing to decide. */
    double moved(Choice other, int unit) {
        double there = other.gaps[unit];
        double here = gaps[unit];
        if (Double.isInfinite(there) || Double.isInfinite(here)) {
            return 0;
        }
        int at = unit * perUnit;
        boolean same = Arrays.equals(sorted(picked, at), sorted(other.picked, at));
        return same ? Math.abs(here - there) : here + there;
    }

    private int[] sorted(int[] all, int at) {
        int[] unit = Arrays.copyOfRange(all, at, at + perUnit);
        Arrays.sort(unit);
        return unit;
    }

    /** The gap of the decision of a unit that is next narrow. */
    double nextGap(int unit) {
        return nextGaps[unit];
    }

    /**
     * {@return a choice to impose on a layer}
     *
     * @param units how many units choose at each position: query heads for anchors, 1 for experts
     * @param perUnit how many each may choose
     * @param picked [positions, units, perUnit]: positions of anchors or indices of experts; −1 where there are fewer
     */
    public static Choice imposed(int units, int perUnit, int[] picked) {
        Choice imposed = new Choice(picked.length / perUnit / units, units, perUnit);
        System.arraycopy(picked, 0, imposed.picked, 0, picked.length);
        return imposed;
    }

    /** {@return how many units choose at each position} */
    public int units() {
        return units;
    }

    /** {@return how many each unit may choose} */
    public int perUnit() {
        return perUnit;
    }

    /** {@return what was chosen, best first, [positions, units, perUnit], not a copy; −1 where there are fewer} */
    public int[] picked() {
        return picked;
    }

    /** {@return the scores of what was chosen, [positions, units, perUnit], not a copy; −∞ where there are fewer} */
    public double[] scores() {
        return scores;
    }

    /**
     * {@return the gaps to the best that was left out, [positions, units], not a copy}
     *
     * <p>A gap is (last score kept − first score left out) / max(1, |last score kept|), infinite where nothing was left
     * out.
     */
    public double[] gaps() {
        return gaps;
    }

    /**
     * {@return the smallest gap at a position}
     *
     * @param position the position, counted from the first one computed
     */
    public double smallestGap(int position) {
        double smallest = Double.POSITIVE_INFINITY;
        for (int u = 0; u < units; u++) {
            smallest = Math.min(smallest, gaps[position * units + u]);
        }
        return smallest;
    }
}
