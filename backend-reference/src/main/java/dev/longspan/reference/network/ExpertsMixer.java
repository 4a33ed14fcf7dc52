package dev.longspan.reference.network;

import dev.longspan.reference.kernel.Elementwise;
import dev.longspan.spi.LayerSpec;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A mixture of experts: the weighted sum of the chosen ones in ascending order, and the shared one last. */
final class ExpertsMixer implements Mixer, ParallelTask {
    private final LayerSpec.Experts spec;
    private final int hidden;
    private final Matrix gate;
    private final ExpertRouter router;
    private final List<MlpMixer> experts;
    private final @Nullable MlpMixer shared;
    /** Where each expert's tokens begin among all choices. */
    private final int[] starts;

    private final int[] next;
    private @Nullable Workspace space;

    ExpertsMixer(
            LayerSpec.Experts spec,
            int hidden,
            Matrix gate,
            float[] bias,
            List<MlpMixer> experts,
            @Nullable MlpMixer shared) {
        this.spec = spec;
        this.hidden = hidden;
        this.gate = gate;
        this.experts = List.copyOf(experts);
        this.shared = shared;
        router = new ExpertRouter(spec, bias);
        starts = new int[spec.experts() + 1];
        next = new int[spec.experts()];
    }

    @Override
    public void mix(Pass pass, Workspace workspace) {
        int rows = pass.rows();
        MatrixProducts products = workspace.products;
        products.add(workspace.normed, workspace.router, 0, rows, gate);
        if (shared != null) {
            products.addReluSquared(workspace.normed, workspace.wide, 0, rows, shared.up());
        }
        products.compute();
        assign(rows, workspace);
        for (int e = 0; e < spec.experts(); e++) {
            if (starts[e] < starts[e + 1]) {
                products.addReluSquared(
                        workspace.expertInput,
                        workspace.expertInner,
                        starts[e],
                        starts[e + 1],
                        experts.get(e).up());
            }
        }
        products.compute();
        for (int e = 0; e < spec.experts(); e++) {
            if (starts[e] < starts[e + 1]) {
                products.add(
                        workspace.expertInner,
                        workspace.expertOutput,
                        starts[e],
                        starts[e + 1],
                        experts.get(e).down());
            }
        }
        if (shared != null) {
            products.add(workspace.wide, workspace.mixed, 0, rows, shared.down());
        }
        products.compute();
        space = workspace;
        workspace.team.compute(this, rows);
        space = null;
    }

    /** Chooses each row's experts, and gathers the rows by expert. */
    private void assign(int rows, Workspace workspace) {
        int perToken = spec.perToken();
        int[] choices = workspace.choices;
        for (int r = 0; r < rows; r++) {
            router.choose(workspace.router[r], choices, workspace.choiceWeights, r * perToken);
        }
        Arrays.fill(starts, 0);
        for (int n = 0; n < rows * perToken; n++) {
            starts[choices[n] + 1]++;
        }
        for (int e = 0; e < spec.experts(); e++) {
            starts[e + 1] += starts[e];
            next[e] = starts[e];
        }
        for (int n = 0; n < rows * perToken; n++) {
            int place = next[choices[n]]++;
            workspace.expertInput[place] = workspace.normed[n / perToken];
            choices[n] = place;
        }
    }

    /** Sums up one row. */
    @Override
    public void compute(int row, int worker) {
        Workspace workspace = Objects.requireNonNull(space);
        float[] sum = workspace.scratch[worker].sum;
        Arrays.fill(sum, 0, hidden, 0f);
        for (int n = row * spec.perToken(); n < (row + 1) * spec.perToken(); n++) {
            Elementwise.addScaled(
                    sum, workspace.expertOutput[workspace.choices[n]], workspace.choiceWeights[n], hidden);
        }
        if (shared != null) {
            Elementwise.add(workspace.mixed[row], sum, hidden);
        } else {
            System.arraycopy(sum, 0, workspace.mixed[row], 0, hidden);
        }
    }
}
