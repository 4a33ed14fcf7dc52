package dev.longspan.tvm.network;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import dev.longspan.tvm.memory.Padding;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * An intermediate result of a pass, in numbers of four bytes. Layers that ask for equal ones share the memory; what lies behind the
 * numbers of a row is zero and stays so, since rows of another width are another buffer.
 *
 * @param name what it holds
 * @param fixed how many rows in any case
 * @param perRow how many rows more for each row of a pass
 * @param width the numbers of a row, padding included
 */
record BufferSize(String name, long fixed, long perRow, long width) {
    /** How many rows of logits are computed together. */
    static final int HEAD_ROWS = 16;

    /** Into how many parts a row of logits is cut by who looks for the best. */
    static final int BEST_PARTS = 64;

    /** {@return its bytes for passes of so many rows} */
    long bytes(int rows) {
        return Math.max(64, Math.multiplyExact(Math.multiplyExact(fixed + perRow * rows, width), Float.BYTES));
    }

    private static BufferSize perRow(String name, long width) {
        return new BufferSize(name, 0, 1, width);
    }

    /** What kernels of attention may write to meanwhile. */
    static BufferSize room(KernelSet kernels, AttentionHeads heads, int spans) {
        return new BufferSize("room", kernels.roomBytes(heads, spans, kernels.maxRows()) / Float.BYTES, 0, 1);
    }

    static BufferSize hidden(ModelSpec spec) {
        return perRow("hidden", Padding.padded(spec.hiddenSize()));
    }

    static BufferSize normed(ModelSpec spec) {
        return perRow("normed", Padding.padded(spec.hiddenSize()));
    }

    static BufferSize rowNumbers() {
        return perRow("row numbers", 1);
    }

    static BufferSize headRows() {
        return perRow("head rows", 1);
    }

    static BufferSize headInput(ModelSpec spec) {
        return new BufferSize("head input", HEAD_ROWS, 0, Padding.padded(spec.hiddenSize()));
    }

    static BufferSize logits(ModelSpec spec) {
        return new BufferSize("logits", HEAD_ROWS, 0, Padding.padded(spec.vocabularySize()));
    }

    static BufferSize best() {
        return new BufferSize("best", HEAD_ROWS, 0, 1);
    }

    /** What the search for the best logits may write to meanwhile: of each part of a row the best, and where it is. */
    static BufferSize bestParts() {
        return new BufferSize("best of parts", HEAD_ROWS, 0, 2L * BEST_PARTS);
    }

    static BufferSize projection(LayerSpec.Mamba m) {
        return perRow("mamba projection", Padding.padded(m.innerSize() + m.channels() + m.heads()));
    }

    /** Inner channels, padded, and then B and C of each group, padded. */
    static BufferSize convolved(LayerSpec.Mamba m) {
        return perRow(
                "convolved " + m.innerSize() + " " + m.stateSize(),
                Padding.padded(m.innerSize()) + 2L * m.groups() * Padding.padded(m.stateSize()));
    }

    static BufferSize scanned(LayerSpec.Mamba m) {
        return perRow("scanned " + m.innerSize(), Padding.padded(m.innerSize()));
    }

    /** With room behind the last head, from which whole vectors are read. */
    static BufferSize queries(String name, AttentionHeads heads) {
        int width = heads.queryHeads() * heads.headSize();
        return perRow(name + " " + width, Padding.padded(width) + Padding.LANES);
    }

    static BufferSize joined(AttentionHeads heads) {
        int width = heads.queryHeads() * heads.headSize();
        return perRow("joined " + width, Padding.padded(width));
    }

    static BufferSize keys(String name, AttentionHeads heads) {
        return perRow(name, Padding.padded(heads.keyValueHeads() * heads.headSize()));
    }

    static BufferSize anchors(String name, AttentionHeads heads, int spans) {
        return perRow(name, Math.max(1L, (long) heads.queryHeads() * spans));
    }

    static BufferSize pieces(String name, AttentionHeads heads, int spans) {
        return perRow(name, (long) heads.queryHeads() * (spans + 1));
    }

    static BufferSize pieceOutputs(AttentionHeads heads, int spans) {
        return perRow("piece outputs", (long) heads.queryHeads() * (spans + 1) * Padding.padded(heads.headSize()));
    }

    static BufferSize inner(int size) {
        return perRow("inner " + size, Padding.padded(size));
    }

    static BufferSize router(LayerSpec.Experts e) {
        return perRow("router " + e.experts(), Padding.padded(e.experts()));
    }

    static BufferSize routerScratch(LayerSpec.Experts e) {
        return perRow("router scratch", 2L * e.experts() + e.groups());
    }

    static BufferSize choices(String name, LayerSpec.Experts e) {
        return perRow(name, e.perToken());
    }

    static BufferSize expertStarts(LayerSpec.Experts e) {
        return new BufferSize("expert starts", 1, 0, e.experts() + 1L);
    }

    static BufferSize expertInner(LayerSpec.Experts e) {
        return new BufferSize("expert inner " + e.innerSize(), 0, e.perToken(), Padding.padded(e.innerSize()));
    }

    static BufferSize expertOutput(ModelSpec spec, LayerSpec.Experts e) {
        return new BufferSize("expert output", 0, e.perToken(), Padding.padded(spec.hiddenSize()));
    }

    static BufferSize sharedOutput(ModelSpec spec) {
        return perRow("shared output", Padding.padded(spec.hiddenSize()));
    }

    /** {@return all that a network needs} */
    static Set<BufferSize> of(ModelSpec spec, KernelSet kernels) {
        Set<BufferSize> all = new LinkedHashSet<>();
        all.add(hidden(spec));
        all.add(normed(spec));
        all.add(rowNumbers());
        all.add(headRows());
        all.add(headInput(spec));
        all.add(logits(spec));
        all.add(best());
        all.add(bestParts());
        for (LayerSpec layer : spec.layers()) {
            if (layer instanceof LayerSpec.Mamba m) {
                all.add(projection(m));
                all.add(convolved(m));
                all.add(scanned(m));
            } else if (layer instanceof LayerSpec.Attention a) {
                attention(a, kernels, all);
            } else if (layer instanceof LayerSpec.Mlp m) {
                all.add(inner(m.innerSize()));
            } else if (layer instanceof LayerSpec.Experts e) {
                experts(spec, e, all);
            }
        }
        return all;
    }

    private static void attention(LayerSpec.Attention a, KernelSet kernels, Set<BufferSize> all) {
        AttentionHeads heads = a.heads();
        int spans = a.span() == null ? 0 : a.span().spans();
        all.add(room(kernels, heads, spans));
        all.add(queries("queries", heads));
        all.add(queries("search queries", heads));
        all.add(joined(heads));
        all.add(keys("keys", heads));
        all.add(keys("values", heads));
        all.add(anchors("anchors", heads, spans));
        all.add(anchors("scores", heads, spans));
        all.add(pieces("starts", heads, spans));
        all.add(pieces("ends", heads, spans));
        all.add(pieces("log sums", heads, spans));
        all.add(pieceOutputs(heads, spans));
    }

    private static void experts(ModelSpec spec, LayerSpec.Experts e, Set<BufferSize> all) {
        all.add(router(e));
        all.add(routerScratch(e));
        all.add(choices("choices", e));
        all.add(choices("choice weights", e));
        all.add(choices("slots", e));
        all.add(choices("slot rows", e));
        all.add(expertStarts(e));
        all.add(expertInner(e));
        all.add(expertOutput(spec, e));
        all.add(sharedOutput(spec));
        if (e.sharedInnerSize() > 0) {
            all.add(inner(e.sharedInnerSize()));
        }
    }
}
