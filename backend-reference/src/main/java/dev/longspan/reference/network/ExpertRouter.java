package dev.longspan.reference.network;

import dev.longspan.reference.kernel.Elementwise;
import dev.longspan.spi.LayerSpec;

/** Chooses a token's experts. One thread. */
final class ExpertRouter {
    private static final float TINY = 1e-20f;

    private final LayerSpec.Experts spec;
    private final float[] bias;
    private final int groupSize;
    private final boolean[] allowed;
    private final boolean[] chosen;
    private final float[] ranks;
    private final float[] groupRanks;

    ExpertRouter(LayerSpec.Experts spec, float[] bias) {
        this.spec = spec;
        this.bias = bias;
        groupSize = spec.experts() / spec.groups();
        allowed = new boolean[spec.experts()];
        chosen = new boolean[spec.experts()];
        ranks = new float[spec.experts()];
        groupRanks = new float[spec.groups()];
    }

    /**
     * Chooses experts and their weights.
     *
     * @param scores the router's outputs; replaced by their sigmoids
     * @param choices takes the chosen experts in ascending order
     * @param weights takes their weights
     * @param offset where both begin
     */
    void choose(float[] scores, int[] choices, float[] weights, int offset) {
        for (int e = 0; e < spec.experts(); e++) {
            scores[e] = Elementwise.sigmoid(scores[e]);
            ranks[e] = scores[e] + bias[e];
            chosen[e] = false;
        }
        allowGroups();
        for (int n = 0; n < spec.perToken(); n++) {
            chosen[best()] = true;
        }
        int count = 0;
        float sum = 0;
        for (int e = 0; e < spec.experts(); e++) {
            if (chosen[e]) {
                choices[offset + count] = e;
                weights[offset + count++] = scores[e];
                sum += scores[e];
            }
        }
        float divisor = spec.normalized() ? sum + TINY : 1;
        for (int n = offset; n < offset + count; n++) {
            weights[n] = weights[n] / divisor * (float) spec.scaling();
        }
    }

    private int best() {
        int best = -1;
        for (int e = 0; e < spec.experts(); e++) {
            if (allowed[e] && !chosen[e] && (best < 0 || ranks[e] > ranks[best])) {
                best = e;
            }
        }
        return best;
    }

    /** Leaves only the experts of the best groups, the lower group among equals. */
    private void allowGroups() {
        for (int e = 0; e < spec.experts(); e++) {
            allowed[e] = spec.groups() == 1;
        }
        if (spec.groups() == 1) {
            return;
        }
        for (int g = 0; g < spec.groups(); g++) {
            groupRanks[g] = groupRank(g);
        }
        for (int n = 0; n < spec.topGroups(); n++) {
            int best = -1;
            for (int g = 0; g < spec.groups(); g++) {
                if (!allowed[g * groupSize] && (best < 0 || groupRanks[g] > groupRanks[best])) {
                    best = g;
                }
            }
            for (int e = best * groupSize; e < (best + 1) * groupSize; e++) {
                allowed[e] = true;
            }
        }
    }

    private float groupRank(int group) {
        float largest = Float.NEGATIVE_INFINITY;
        float second = Float.NEGATIVE_INFINITY;
        for (int e = group * groupSize; e < (group + 1) * groupSize; e++) {
            if (ranks[e] > largest) {
                second = largest;
                largest = ranks[e];
            } else if (ranks[e] > second) {
                second = ranks[e];
            }
        }
        return groupSize == 1 ? largest : largest + second;
    }
}
