package dev.longspan.reference.network;

import dev.longspan.reference.memory.ArrayBytes;
import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.SpanGeometry;
import java.util.ArrayList;
import java.util.List;

/** How wide the intermediate results of a network are, the widest layer of each kind. */
final class WorkspaceSizes {
    final int hidden;
    final int vocabulary;
    /** Of Mamba's input projection, and of the inner rows of an MLP or shared expert. */
    int wide;
    /** Of the convolution's output. */
    int convolved;
    /** Of the output of scan or attention, before the last projection. */
    int joined;

    int mambaInner;
    int queries;
    int searchQueries;
    int keys;
    int experts;
    int perToken;
    int expertInner;
    int headSize;
    int headGroup;
    int spans;
    boolean dense;

    private final List<SpanGeometry> geometries = new ArrayList<>();

    WorkspaceSizes(ModelSpec spec) {
        hidden = spec.hiddenSize();
        vocabulary = spec.vocabularySize();
        for (LayerSpec layer : spec.layers()) {
            if (layer instanceof LayerSpec.Mamba m) {
                mamba(m);
            } else if (layer instanceof LayerSpec.Attention a) {
                attention(a);
            } else if (layer instanceof LayerSpec.Mlp m) {
                wide = Math.max(wide, m.innerSize());
            } else if (layer instanceof LayerSpec.Experts e) {
                wide = Math.max(wide, e.sharedInnerSize());
                experts = Math.max(experts, e.experts());
                perToken = Math.max(perToken, e.perToken());
                expertInner = Math.max(expertInner, e.innerSize());
            }
        }
    }

    private void mamba(LayerSpec.Mamba m) {
        wide = Math.max(wide, m.innerSize() + m.channels() + m.heads());
        convolved = Math.max(convolved, m.channels());
        joined = Math.max(joined, m.innerSize());
        mambaInner = Math.max(mambaInner, m.innerSize());
    }

    private void attention(LayerSpec.Attention a) {
        AttentionHeads heads = a.heads();
        int width = heads.queryHeads() * heads.headSize();
        joined = Math.max(joined, width);
        queries = Math.max(queries, width);
        keys = Math.max(keys, heads.keyValueHeads() * heads.headSize());
        headSize = Math.max(headSize, heads.headSize());
        headGroup = Math.max(headGroup, heads.group());
        if (a.span() != null) {
            searchQueries = Math.max(searchQueries, width);
            spans = Math.max(spans, a.span().spans());
            geometries.add(new SpanGeometry(a.span()));
        } else {
            dense = true;
        }
    }

    /** {@return how many scores one query needs at once in a sequence of that many tokens} */
    int scores(int tokens) {
        long most = dense ? tokens : 0;
        for (SpanGeometry geometry : geometries) {
            long reach = (long) geometry.backward(tokens - 1) + geometry.forward(tokens - 1) + 1;
            most = Math.max(most, Math.max(geometry.windowLength(), reach));
        }
        return (int) Math.min(tokens, most);
    }

    /** {@return a number of elements, rounded up so that a growing buffer is rarely replaced} */
    static int rounded(int elements) {
        return elements > 1 << 30 ? Integer.MAX_VALUE - 8 : Math.max(256, Integer.highestOneBit(2 * elements - 1));
    }

    long rowBytes(long rows) {
        return 3 * ArrayBytes.of(rows, hidden)
                + ArrayBytes.of(rows, wide)
                + ArrayBytes.of(rows, convolved)
                + ArrayBytes.of(rows, joined)
                + ArrayBytes.of(rows, queries)
                + ArrayBytes.of(rows, searchQueries)
                + 2 * ArrayBytes.of(rows, keys)
                + ArrayBytes.of(rows, experts)
                + ArrayBytes.of(rows * perToken, expertInner)
                + ArrayBytes.of(rows * perToken, hidden)
                + 5L * Long.BYTES * (rows * perToken + rows);
    }

    long workerBytes(int workers) {
        return workers
                * (ArrayBytes.of(headSize, AnchorSearch.BLOCK)
                        + ArrayBytes.of(AnchorSearch.BLOCK)
                        + 3 * ArrayBytes.of(headSize)
                        + ArrayBytes.of(headGroup, headSize)
                        + 2 * ArrayBytes.of(headGroup, spans)
                        + ArrayBytes.of(spans)
                        + 2 * ArrayBytes.of(mambaInner)
                        + ArrayBytes.of(hidden));
    }

    static long scoreBytes(int workers, int scores) {
        return workers * ArrayBytes.of(rounded(scores));
    }

    /** {@return an upper bound of all workspace, logits included} */
    long bytes(int workers, int batchTokens, int contextTokens, int logitsRows) {
        return rowBytes(Math.min(batchTokens, Pass.MAX_ROWS))
                + workerBytes(workers)
                + scoreBytes(workers, scores(rounded(contextTokens)))
                + LogitsRows.bytes(Math.min(logitsRows, batchTokens), vocabulary);
    }
}
