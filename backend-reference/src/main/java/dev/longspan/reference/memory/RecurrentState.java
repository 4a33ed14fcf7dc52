package dev.longspan.reference.memory;

import dev.longspan.spi.LayerSpec;

/**
 * What the Mamba layers of one sequence remember.
 *
 * <p>For each layer: the last w − 1 inputs of the convolution [w − 1][C], oldest first, and S transposed, [N][nh · hd], so
 * that the recurrence runs over rows.
 */
public final class RecurrentState {
    private final float[][][] convolution;
    private final float[][][] ssm;

    RecurrentState(StateLayout layout) {
        int layers = layout.mamba().size();
        convolution = new float[layers][][];
        ssm = new float[layers][][];
        for (int i = 0; i < layers; i++) {
            LayerSpec.Mamba layer = layout.mamba().get(i);
            convolution[i] = new float[layer.convolutionWidth() - 1][layer.channels()];
            ssm[i] = new float[layer.stateSize()][layer.innerSize()];
        }
    }

    /**
     * {@return a layer's last inputs of the convolution, [w − 1][C], oldest first}
     *
     * @param layer the index among the Mamba layers
     */
    public float[][] convolution(int layer) {
        return convolution[layer];
    }

    /**
     * {@return a layer's state S, [N][nh · hd]}
     *
     * @param layer the index among the Mamba layers
     */
    public float[][] ssm(int layer) {
        return ssm[layer];
    }

    void copyFrom(RecurrentState other) {
        for (int i = 0; i < ssm.length; i++) {
            copy(other.convolution[i], convolution[i]);
            copy(other.ssm[i], ssm[i]);
        }
    }

    private static void copy(float[][] from, float[][] to) {
        for (int row = 0; row < from.length; row++) {
            System.arraycopy(from[row], 0, to[row], 0, from[row].length);
        }
    }
}
