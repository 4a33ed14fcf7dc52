package dev.longspan.tck;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** From which gap on a decision must be the oracle's: the table's, or more where rounding moves the scores by more. */
final class Gaps {
    private final double least;
    private final Map<Integer, double[]> wider = new HashMap<>();

    Gaps(double least) {
        this.least = least;
    }

    /** The gap from which on a unit of a layer must decide as the oracle does. */
    double of(int layer, int unit) {
        double[] units = wider.get(layer);
        return units == null ? least : units[unit];
    }

    /** Notes what rounding does to the choices of a layer, and allows some times as much. */
    void widen(int layer, Choice right, Choice rounded, double times) {
        double[] units = wider.computeIfAbsent(layer, absent -> {
            double[] all = new double[right.gaps().length];
            Arrays.fill(all, least);
            return all;
        });
        for (int unit = 0; unit < units.length; unit++) {
            double moved = right.moved(rounded, unit);
            units[unit] = Math.max(units[unit], times * moved);
        }
    }
}
