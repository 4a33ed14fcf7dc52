package dev.longspan.tvm.network;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import dev.longspan.tvm.memory.StateLayout;
import dev.longspan.tvm.runtime.DeviceMemory;
import dev.longspan.tvm.runtime.KernelCall;
import org.jspecify.annotations.Nullable;

/** Attention to a window and the best spans, or to everything. */
final class AttentionMixer implements Mixer {
    private final Geometry geometry;
    private final KernelSet kernels;
    private final AttentionHeads heads;
    private final int pieces;
    private final Product query;
    private final @Nullable Product searchQuery;
    private final Product key;
    private final Product value;
    private final KernelCall store;
    private final KernelCall search;
    private final KernelCall ranges;
    private final KernelCall attend;
    private final KernelCall merge;
    private final Product out;

    /**
     * The weights of a layer.
     *
     * @param search null for dense attention
     */
    record Weights(Matrix query, @Nullable Matrix search, Matrix key, Matrix value, Matrix out) {}

    AttentionMixer(
            ModelSpec model,
            LayerSpec.Attention layer,
            StateLayout.AttentionPart part,
            Geometry geometry,
            KernelSet kernels,
            Workspace space,
            Weights weights) {
        this.geometry = geometry;
        this.kernels = kernels;
        heads = layer.heads();
        int spans = layer.span() == null ? 0 : layer.span().spans();
        pieces = spans + 1;
        BufferSize hidden = BufferSize.hidden(model);
        BufferSize queries = BufferSize.queries("queries", heads);
        BufferSize searchQueries = BufferSize.queries("search queries", heads);
        BufferSize joined = BufferSize.joined(heads);
        BufferSize keys = BufferSize.keys("keys", heads);
        BufferSize values = BufferSize.keys("values", heads);
        DeviceMemory normed = space.get(BufferSize.normed(model));
        DeviceMemory anchors = space.get(BufferSize.anchors("anchors", heads, spans));
        DeviceMemory scores = space.get(BufferSize.anchors("scores", heads, spans));
        DeviceMemory starts = space.get(BufferSize.pieces("starts", heads, spans));
        DeviceMemory ends = space.get(BufferSize.pieces("ends", heads, spans));
        DeviceMemory logSums = space.get(BufferSize.pieces("log sums", heads, spans));
        DeviceMemory outputs = space.get(BufferSize.pieceOutputs(heads, spans));
        query = projection(kernels, weights.query, normed, hidden, space, queries);
        searchQuery = weights.search == null
                ? null
                : projection(kernels, weights.search, normed, hidden, space, searchQueries);
        key = projection(kernels, weights.key, normed, hidden, space, keys);
        value = projection(kernels, weights.value, normed, hidden, space, values);
        store = kernels.storeKeys()
                .memory(0, space.get(keys))
                .memory(1, space.get(values))
                .integer(8, heads.keyValueHeads())
                .integer(9, heads.headSize())
                .integer(10, part.paddedHeadSize())
                .integer(11, keys.width())
                .integer(12, part.first());
        DeviceMemory room = space.get(BufferSize.room(kernels, heads, spans));
        search = kernels.search(room)
                .memory(0, space.get(searchQueries))
                .memory(8, anchors)
                .memory(9, scores)
                .integer(11, heads.queryHeads())
                .integer(12, heads.group())
                .integer(13, heads.keyValueHeads())
                .integer(14, heads.headSize())
                .integer(15, part.paddedHeadSize())
                .integer(16, searchQueries.width())
                .integer(17, part.first())
                .integer(18, geometry.firstStripe())
                .integer(19, spans)
                .number(20, layer.span() == null ? 1 : layer.span().searchScale());
        ranges = kernels.ranges()
                .memory(0, anchors)
                .memory(5, starts)
                .memory(6, ends)
                .integer(8, heads.queryHeads())
                .integer(9, spans);
        attend = kernels.attend(room)
                .memory(0, space.get(queries))
                .memory(5, starts)
                .memory(6, ends)
                .memory(7, outputs)
                .memory(8, logSums)
                .integer(10, heads.queryHeads())
                .integer(11, spans + 1L)
                .integer(12, heads.group())
                .integer(13, heads.keyValueHeads())
                .integer(14, heads.headSize())
                .integer(15, part.paddedHeadSize())
                .integer(16, queries.width())
                .integer(17, part.first())
                .number(18, 1 / Math.sqrt(heads.headSize()));
        merge = kernels.merge()
                .memory(0, outputs)
                .memory(1, logSums)
                .memory(2, scores)
                .memory(3, space.get(joined))
                .integer(5, heads.queryHeads())
                .integer(6, spans)
                .integer(7, heads.headSize())
                .integer(8, part.paddedHeadSize())
                .integer(9, joined.width());
        out = new Product(
                kernels,
                weights.out,
                space.get(joined),
                joined.width(),
                space.get(hidden),
                hidden.width(),
                Product.Then.ADD);
    }

    private static Product projection(
            KernelSet kernels, Matrix matrix, DeviceMemory x, BufferSize from, Workspace space, BufferSize to) {
        return new Product(kernels, matrix, x, from.width(), space.get(to), to.width(), Product.Then.STORE);
    }

    @Override
    public void mix(Pass pass) {
        int rows = pass.rows();
        kernels.runner().beside(() -> queries(rows), () -> keys(pass));
        if (searchQuery != null) {
            search.memory(1, pass.anchor())
                    .memory(2, pass.anchor())
                    .memory(3, pass.segmentPages())
                    .memory(4, pass.rowSegment())
                    .memory(5, pass.rowPosition())
                    .memory(6, geometry.rowStripes())
                    .memory(7, geometry.stripes())
                    .integer(10, rows)
                    .run((long) rows * heads.queryHeads());
        }
        ranges.memory(1, pass.rowPosition())
                .memory(2, geometry.rowWindow())
                .memory(3, geometry.rowBackward())
                .memory(4, geometry.rowForward())
                .integer(7, rows)
                .run((long) rows * heads.queryHeads(), 512);
        attend.memory(1, pass.anchor())
                .memory(2, pass.anchor())
                .memory(3, pass.segmentPages())
                .memory(4, pass.rowSegment())
                .integer(9, rows)
                .run(kernels.attendTasks(rows, heads, pieces));
        merge.integer(4, rows).run((long) rows * heads.queryHeads(), 32);
        out.run(rows);
    }

    private void queries(int rows) {
        query.run(rows);
        if (searchQuery != null) {
            searchQuery.run(rows);
        }
    }

    /** Keys and values, also of this pass, are where the sequences have them. */
    private void keys(Pass pass) {
        int rows = pass.rows();
        key.run(rows);
        value.run(rows);
        store.memory(2, pass.anchor())
                .memory(3, pass.anchor())
                .memory(4, pass.segmentPages())
                .memory(5, pass.rowSegment())
                .memory(6, pass.rowPosition())
                .integer(7, rows)
                .run(rows, 16);
    }
}
