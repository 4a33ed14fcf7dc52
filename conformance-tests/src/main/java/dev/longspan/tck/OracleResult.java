package dev.longspan.tck;

import java.util.Collections;
import java.util.Map;

/** What the {@link Oracle} computed from a sequence. */
public final class OracleResult {
    private final double[][] logits;
    private final Map<Integer, Choice> choices;
    private final Map<String, double[]> state;

    OracleResult(double[][] logits, Map<Integer, Choice> choices, Map<String, double[]> state) {
        this.logits = logits;
        this.choices = choices;
        this.state = state;
    }

    /** {@return how many positions were computed} */
    public int length() {
        return logits.length;
    }

    /**
     * {@return the logits after the token at a position, not a copy}
     *
     * @param position from 0 to {@code length() - 1}
     */
    public double[] logits(int position) {
        return logits[position];
    }

    /** {@return anchors and experts by the index of their layer} */
    public Map<Integer, Choice> choices() {
        return Collections.unmodifiableMap(choices);
    }

    /**
     * {@return a tensor of the state after the last token, row by row, not a copy}
     *
     * @param name a name as {@link dev.longspan.spi.Checkpoint#tensors} gives it, such as {@code layers.0.ssm}
     * @throws IllegalArgumentException if there is no such tensor
     */
    public double[] state(String name) {
        double[] tensor = state.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException("no tensor '" + name + "' in the state of this model");
        }
        return tensor;
    }

    /**
     * {@return the first position at which some layer's choice was closer than {@code gap}; {@link #length} if none was}
     *
     * <p>From there on another arithmetic may choose otherwise, and every later position depends on it.
     *
     * @param gap the smallest {@linkplain Choice#gaps gap} that every right implementation decides alike
     */
    public int firstNarrow(double gap) {
        for (int position = 0; position < logits.length; position++) {
            if (!isClear(position, gap)) {
                return position;
            }
        }
        return logits.length;
    }

    /** Whether every choice at a position is clear by a gap. */
    boolean isClear(int position, double gap) {
        return choices.values().stream().allMatch(choice -> choice.smallestGap(position) >= gap);
    }

    void setLogits(int position, double[] row) {
        logits[position] = row;
    }

    void setChoice(int layer, Choice choice) {
        choices.put(layer, choice);
    }

    /** All tensors of the state after the last token. */
    Map<String, double[]> states() {
        return state;
    }

    void setState(String name, double[] tensor) {
        state.put(name, tensor);
    }
}
