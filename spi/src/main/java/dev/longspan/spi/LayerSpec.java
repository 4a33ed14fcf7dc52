package dev.longspan.spi;

import org.jspecify.annotations.Nullable;

/** The mixer of one layer; every layer is {@code h = h + mixer(rmsnorm(h))}. */
public sealed interface LayerSpec {
    /**
     * A Mamba-2 layer (letter M).
     *
     * @param heads nh, a multiple of {@code groups}
     * @param headSize hd
     * @param groups g, how many groups share B and C
     * @param stateSize N
     * @param convolutionWidth w, at least 2
     * @param minTimeStep the lower limit of dt after softplus, at least 0
     * @param maxTimeStep the upper limit of dt after softplus, may be infinite
     */
    record Mamba(
            int heads,
            int headSize,
            int groups,
            int stateSize,
            int convolutionWidth,
            double minTimeStep,
            double maxTimeStep)
            implements LayerSpec {
        /** Checks the components. */
        public Mamba {
            positive("heads", heads);
            positive("headSize", headSize);
            positive("groups", groups);
            positive("stateSize", stateSize);
            if (convolutionWidth < 2) {
                throw new IllegalArgumentException("convolutionWidth: expected at least 2, found " + convolutionWidth);
            }
            if (heads % groups != 0) {
                throw new IllegalArgumentException(
                        "heads: expected a multiple of groups " + groups + ", found " + heads);
            }
            if (!(minTimeStep >= 0 && minTimeStep <= maxTimeStep && Double.isFinite(minTimeStep))) {
                throw new IllegalArgumentException("expected 0 <= minTimeStep <= maxTimeStep, found minTimeStep "
                        + minTimeStep + ", maxTimeStep " + maxTimeStep);
            }
        }

        /** {@return di = nh · hd} */
        public int innerSize() {
            return Math.multiplyExact(heads, headSize);
        }

        /** {@return C = di + 2 · g · N, the channels of the convolution} */
        public int channels() {
            return Math.addExact(innerSize(), Math.multiplyExact(2, Math.multiplyExact(groups, stateSize)));
        }
    }

    /**
     * An attention layer (letter *).
     *
     * @param heads the sizes
     * @param span the parameters of superlinear span attention; null for dense attention
     */
    record Attention(AttentionHeads heads, @Nullable SpanAttention span) implements LayerSpec {}

    /**
     * A multilayer perceptron (letter -): {@code down(relu(up(x))²)}.
     *
     * @param innerSize the rows of {@code up}
     */
    record Mlp(int innerSize) implements LayerSpec {
        /** Checks the components. */
        public Mlp {
            positive("innerSize", innerSize);
        }
    }

    /**
     * A mixture of experts (letter E).
     *
     * @param experts how many routed experts there are
     * @param perToken how many of them a token uses
     * @param innerSize the inner size of a routed expert
     * @param sharedInnerSize the inner size of the shared expert; 0 if there is none
     * @param groups into how many groups the experts are divided; 1 for none
     * @param topGroups how many groups a token may choose from
     * @param normalized whether the chosen weights are divided by their sum
     * @param scaling a factor on the chosen weights
     */
    record Experts(
            int experts,
            int perToken,
            int innerSize,
            int sharedInnerSize,
            int groups,
            int topGroups,
            boolean normalized,
            double scaling)
            implements LayerSpec {
        /** Checks the components. */
        public Experts {
            positive("experts", experts);
            positive("perToken", perToken);
            positive("innerSize", innerSize);
            positive("groups", groups);
            positive("topGroups", topGroups);
            if (sharedInnerSize < 0) {
                throw new IllegalArgumentException("sharedInnerSize: expected at least 0, found " + sharedInnerSize);
            }
            if (experts % groups != 0) {
                throw new IllegalArgumentException(
                        "experts: expected a multiple of groups " + groups + ", found " + experts);
            }
            if (topGroups > groups) {
                throw new IllegalArgumentException(
                        "topGroups: expected at most groups " + groups + ", found " + topGroups);
            }
            if ((long) topGroups * (experts / groups) < perToken) {
                throw new IllegalArgumentException("perToken: expected at most the experts of " + topGroups
                        + " groups of " + experts / groups + ", found " + perToken);
            }
            if (!Double.isFinite(scaling)) {
                throw new IllegalArgumentException("scaling: expected a finite number, found " + scaling);
            }
        }
    }

    private static void positive(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + ": expected at least 1, found " + value);
        }
    }
}
