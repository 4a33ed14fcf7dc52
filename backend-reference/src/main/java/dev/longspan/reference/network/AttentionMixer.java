package dev.longspan.reference.network;

import dev.longspan.reference.kernel.Kernels;
import dev.longspan.reference.memory.Page;
import dev.longspan.reference.memory.PageTable;
import dev.longspan.reference.memory.SequenceMemory;
import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.SpanGeometry;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Attention over a sequence's own past, superlinear or dense. */
final class AttentionMixer implements Mixer, ParallelTask {
    /**
     * The projections of an attention layer.
     *
     * @param search the search query's; null for dense attention
     */
    record Weights(Matrix query, @Nullable Matrix search, Matrix key, Matrix value, Matrix output) {}

    private final AttentionHeads heads;
    private final int layer;
    private final Weights weights;
    private final @Nullable SuperlinearAttention superlinear;
    private final SoftmaxAttention dense;
    private @Nullable Pass pass;
    private @Nullable Workspace space;
    /** Into how many parts the heads of one key/value head are cut. */
    private int slices;

    AttentionMixer(LayerSpec.Attention spec, int layer, Weights weights, Kernels kernels) {
        this.heads = spec.heads();
        this.layer = layer;
        this.weights = weights;
        dense = new SoftmaxAttention(kernels, heads);
        superlinear =
                spec.span() == null ? null : new SuperlinearAttention(kernels, heads, new SpanGeometry(spec.span()));
    }

    @Override
    public void mix(Pass rows, Workspace workspace) {
        int count = rows.rows();
        MatrixProducts products = workspace.products;
        products.add(workspace.normed, workspace.queries, 0, count, weights.query());
        if (weights.search() != null) {
            products.add(workspace.normed, workspace.searchQueries, 0, count, weights.search());
        }
        products.add(workspace.normed, workspace.keys, 0, count, weights.key());
        products.add(workspace.normed, workspace.values, 0, count, weights.value());
        products.compute();
        for (int r = 0; r < count; r++) {
            int position = rows.position(r);
            Page page = rows.memory(rows.segmentOf(r)).pages().page(position / Page.TOKENS);
            page.put(layer, position % Page.TOKENS, workspace.keys[r], workspace.values[r], 0);
        }
        pass = rows;
        space = workspace;
        int parts = count * heads.keyValueHeads();
        slices = Math.min(heads.group(), (2 * workspace.team.size() + parts - 1) / parts);
        workspace.team.compute(this, parts * slices);
        pass = null;
        space = null;
        products.add(workspace.joined, workspace.mixed, 0, count, weights.output())
                .compute();
    }

    /** Attends with one row's query heads, or some of them, of one key/value head. */
    @Override
    public void compute(int part, int worker) {
        Pass rows = Objects.requireNonNull(pass);
        Workspace workspace = Objects.requireNonNull(space);
        int slice = part % slices;
        int group = part / slices % heads.keyValueHeads();
        int row = part / slices / heads.keyValueHeads();
        int firstHead = group * heads.group() + slice * heads.group() / slices;
        int lastHead = group * heads.group() + (slice + 1) * heads.group() / slices;
        SequenceMemory memory = rows.memory(rows.segmentOf(row));
        attend(memory.pages(), rows.position(row), row, firstHead, lastHead, workspace, workspace.scratch[worker]);
    }

    private void attend(
            PageTable table, int position, int row, int firstHead, int lastHead, Workspace workspace, Scratch scratch) {
        float[] queries = workspace.queries[row];
        float[] output = workspace.joined[row];
        if (superlinear != null) {
            superlinear.attend(
                    table,
                    layer,
                    position,
                    firstHead,
                    lastHead,
                    workspace.searchQueries[row],
                    queries,
                    0,
                    scratch,
                    output,
                    0);
        } else {
            for (int h = firstHead; h < lastHead; h++) {
                dense.attend(table, layer, h, queries, 0, 0, position, scratch.scores, output, h * heads.headSize());
            }
        }
    }
}
