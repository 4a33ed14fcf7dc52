package dev.longspan.reference.network;

import dev.longspan.reference.kernel.Elementwise;

/** {@code x · rsqrt(mean(x²) + ε) · weight}. */
final class RmsNorm {
    private final float[] weight;
    private final double epsilon;

    RmsNorm(float[] weight, double epsilon) {
        this.weight = weight;
        this.epsilon = epsilon;
    }

    void apply(float[] x, float[] target) {
        float scale = Elementwise.inverseRootMeanSquare(x, 0, weight.length, epsilon);
        Elementwise.scale(x, scale, weight, target, 0, weight.length);
    }
}
