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

    Choice(int units, int perUnit, int[] picked, double[] scores, double[] gaps) {
        this.units = units;
        this.perUnit = perUnit;
        this.picked = picked;
        this.scores = scores;
        this.gaps = gaps;
    }

    /**
     * {@return a choice to impose on a layer}
     *
     * @param units how many units choose at each position: query heads for anchors, 1 for experts
     * @param perUnit how many each may choose
     * @param picked [positions, units, perUnit]: positions of anchors or indices of experts; −1 where there are fewer
     */
    public static Choice imposed(int units, int perUnit, int[] picked) {
        int choices = picked.length / perUnit;
        double[] gaps = new double[choices];
        Arrays.fill(gaps, Double.POSITIVE_INFINITY);
        return new Choice(units, perUnit, picked.clone(), new double[picked.length], gaps);
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
