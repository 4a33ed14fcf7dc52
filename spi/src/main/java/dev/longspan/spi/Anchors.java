package dev.longspan.spi;

/** The anchors that a search kept, [rows, H, k] in row-major order, best first. */
public final class Anchors {
    private final int[] positions;
    private final float[] scores;

    /**
     * Takes the two arrays as they are, without a copy.
     *
     * @param positions the anchors' positions; −1 where there are fewer than k
     * @param scores their scores; −∞ where there are fewer than k
     */
    public Anchors(int[] positions, float[] scores) {
        if (positions.length != scores.length) {
            throw new IllegalArgumentException(
                    "expected as many scores as positions, found " + scores.length + " and " + positions.length);
        }
        this.positions = positions;
        this.scores = scores;
    }

    /** {@return the anchors' positions, not a copy; −1 where there are fewer than k} */
    public int[] positions() {
        return positions;
    }

    /** {@return the anchors' scores, not a copy; −∞ where there are fewer than k} */
    public float[] scores() {
        return scores;
    }
}
