package dev.longspan.reference.network;

import dev.longspan.reference.kernel.Elementwise;
import dev.longspan.reference.kernel.Kernels;
import dev.longspan.reference.memory.RecurrentState;
import dev.longspan.spi.LayerSpec;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A Mamba-2 layer as a recurrence, for prompts as for single steps: {@code S_t = exp(dt·A)·S_{t−1} + dt·x_t ⊗ B_t},
 * {@code y_t = S_t·C_t + D·x_t}. One group of one sequence is computed by one thread, token after token.
 */
final class MambaMixer implements Mixer, ParallelTask {
    /** The weights of a Mamba-2 layer. */
    static final class Weights {
        private final Matrix input;
        /** [w][C], the oldest input's first. */
        private final float[][] convolution;

        private final float[] convolutionBias;
        private final float[] timeStepBias;
        /** {@code A = −exp(A_log)} of each head. */
        private final float[] rate;

        private final float[] skip;
        private final float[] norm;
        private final Matrix output;

        Weights(
                Matrix input,
                Matrix convolution,
                float[] convolutionBias,
                float[] timeStepBias,
                float[] rate,
                float[] skip,
                float[] norm,
                Matrix output) {
            this.input = input;
            this.convolution = convolution.rows();
            this.convolutionBias = convolutionBias;
            this.timeStepBias = timeStepBias;
            this.rate = rate;
            this.skip = skip;
            this.norm = norm;
            this.output = output;
        }
    }

    private final LayerSpec.Mamba spec;
    private final int layer;
    private final Weights weights;
    private final double epsilon;
    private final Kernels kernels;
    private @Nullable Pass pass;
    private @Nullable Workspace space;

    MambaMixer(LayerSpec.Mamba spec, int layer, Weights weights, double epsilon, Kernels kernels) {
        this.spec = spec;
        this.layer = layer;
        this.weights = weights;
        this.epsilon = epsilon;
        this.kernels = kernels;
    }

    @Override
    public void mix(Pass rows, Workspace workspace) {
        workspace
                .products
                .add(workspace.normed, workspace.wide, 0, rows.rows(), weights.input)
                .compute();
        pass = rows;
        space = workspace;
        workspace.team.compute(this, rows.segments() * spec.groups());
        pass = null;
        space = null;
        workspace
                .products
                .add(workspace.joined, workspace.mixed, 0, rows.rows(), weights.output)
                .compute();
    }

    @Override
    public void compute(int part, int worker) {
        Pass rows = Objects.requireNonNull(pass);
        Workspace workspace = Objects.requireNonNull(space);
        int segment = part / spec.groups();
        int group = part % spec.groups();
        RecurrentState state = rows.memory(segment).recurrent();
        int first = rows.firstRow(segment);
        int last = rows.lastRow(segment);
        int inner = spec.innerSize();
        int width = inner / spec.groups();
        int size = spec.stateSize();
        int b = inner + group * size;
        int c = b + spec.groups() * size;
        float[][] history = state.convolution(layer);
        convolve(history, workspace, first, last, group * width, width);
        convolve(history, workspace, first, last, b, size);
        convolve(history, workspace, first, last, c, size);
        for (int row = first; row < last; row++) {
            timeSteps(workspace.wide[row], workspace.convolved[row], group, workspace.scratch[worker]);
            kernels.scan(
                    state.ssm(layer),
                    group * width,
                    (group + 1) * width,
                    workspace.scratch[worker].decay,
                    workspace.scratch[worker].input,
                    workspace.convolved[row],
                    b,
                    c,
                    workspace.joined[row]);
            gate(workspace.wide[row], workspace.convolved[row], group, workspace.joined[row]);
        }
    }

    /** The causal convolution of some channels over all rows, with bias and SiLU, and the inputs kept for the next. */
    private void convolve(float[][] history, Workspace space, int first, int last, int channel, int count) {
        int taps = spec.convolutionWidth();
        int inner = spec.innerSize();
        for (int row = first; row < last; row++) {
            float[] y = space.convolved[row];
            Arrays.fill(y, channel, channel + count, 0f);
            for (int tap = 0; tap < taps; tap++) {
                int source = row - first + tap - history.length;
                boolean kept = source < 0;
                float[] x = kept ? history[history.length + source] : space.wide[first + source];
                Elementwise.multiplyAdd(
                        y, weights.convolution[tap], channel, x, kept ? channel : inner + channel, count);
            }
            Elementwise.biasSilu(y, weights.convolutionBias, channel, count);
        }
        for (int i = 0; i < history.length; i++) {
            int source = last - first + i - history.length;
            boolean kept = source < 0;
            float[] x = kept ? history[history.length + source] : space.wide[first + source];
            System.arraycopy(x, kept ? channel : inner + channel, history[i], channel, count);
        }
    }

    /** What each column of a group keeps, {@code exp(dt·A)}, and takes in, {@code dt·x}. */
    private void timeSteps(float[] projected, float[] convolved, int group, Scratch scratch) {
        int size = spec.headSize();
        int perGroup = spec.heads() / spec.groups();
        int offset = spec.innerSize() + spec.channels();
        for (int h = group * perGroup; h < (group + 1) * perGroup; h++) {
            float step = Elementwise.softplus(projected[offset + h] + weights.timeStepBias[h]);
            step = Math.min((float) spec.maxTimeStep(), Math.max((float) spec.minTimeStep(), step));
            float decay = (float) Math.exp(step * weights.rate[h]);
            for (int i = h * size; i < (h + 1) * size; i++) {
                scratch.decay[i] = decay;
                scratch.input[i] = step * convolved[i];
            }
        }
    }

    /** {@code y + D·x}, times {@code silu(z)}, through the group's RMSNorm. */
    private void gate(float[] projected, float[] convolved, int group, float[] y) {
        int size = spec.headSize();
        int perGroup = spec.heads() / spec.groups();
        int from = group * perGroup * size;
        int to = from + perGroup * size;
        for (int h = group * perGroup; h < (group + 1) * perGroup; h++) {
            float skip = weights.skip[h];
            for (int i = h * size; i < (h + 1) * size; i++) {
                y[i] = (y[i] + skip * convolved[i]) * Elementwise.silu(projected[i]);
            }
        }
        float scale = Elementwise.inverseRootMeanSquare(y, from, to, epsilon);
        Elementwise.scale(y, scale, weights.norm, y, from, to);
    }
}
