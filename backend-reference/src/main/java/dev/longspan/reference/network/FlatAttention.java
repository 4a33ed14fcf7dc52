package dev.longspan.reference.network;

import dev.longspan.reference.kernel.Kernels;
import dev.longspan.reference.memory.PageTable;
import dev.longspan.spi.Anchors;
import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.AttentionKernels;
import dev.longspan.spi.PartialAttention;
import dev.longspan.spi.SpanGeometry;
import java.util.Arrays;

/** The functions of superlinear attention over plain arrays, by the same code that a network uses. */
public final class FlatAttention implements AttentionKernels {
    private final Kernels kernels;

    /**
     * Makes the functions.
     *
     * @param kernels the loops
     */
    public FlatAttention(Kernels kernels) {
        this.kernels = kernels;
    }

    @Override
    public Anchors search(
            AttentionHeads heads, SpanGeometry geometry, int firstPosition, float[] searchQueries, float[] keys) {
        int rows = rows(heads, "searchQueries", searchQueries);
        int tokens = tokens(heads, "keys", keys);
        requirePositions(firstPosition, rows, tokens);
        int spans = geometry.parameters().spans();
        PageTable table = PageTable.of(heads, tokens, keys, keys);
        Scratch scratch = new Scratch(heads, spans, 0);
        AnchorSearch search = new AnchorSearch(kernels, heads, geometry);
        int[] anchors = new int[rows * heads.queryHeads() * spans];
        float[] scores = new float[anchors.length];
        for (int r = 0; r < rows; r++) {
            for (int first = 0; first < heads.queryHeads(); first += heads.group()) {
                int last = first + heads.group();
                int offset = r * heads.queryHeads() * heads.headSize();
                search.search(table, 0, firstPosition + r, first, last, searchQueries, offset, scratch);
                for (int h = first; h < last; h++) {
                    int target = (r * heads.queryHeads() + h) * spans;
                    System.arraycopy(scratch.anchors[h - first], 0, anchors, target, spans);
                    System.arraycopy(scratch.anchorScores[h - first], 0, scores, target, spans);
                }
            }
        }
        return new Anchors(anchors, scores);
    }

    @Override
    public PartialAttention window(
            AttentionHeads heads,
            SpanGeometry geometry,
            int firstPosition,
            float[] queries,
            float[] keys,
            float[] values) {
        int rows = rows(heads, "queries", queries);
        int tokens = tokens(heads, keys, values);
        requirePositions(firstPosition, rows, tokens);
        PageTable table = PageTable.of(heads, tokens, keys, values);
        SoftmaxAttention softmax = new SoftmaxAttention(kernels, heads);
        float[] output = new float[queries.length];
        float[] logs = new float[rows * heads.queryHeads()];
        float[] scores = new float[Math.min(tokens, geometry.windowLength())];
        for (int i = 0; i < logs.length; i++) {
            int position = firstPosition + i / heads.queryHeads();
            int head = i % heads.queryHeads();
            int offset = (i - head) * heads.headSize();
            logs[i] = softmax.attend(
                    table,
                    0,
                    head,
                    queries,
                    offset,
                    geometry.windowStart(position),
                    position,
                    scores,
                    output,
                    i * heads.headSize());
        }
        return new PartialAttention(output, logs);
    }

    @Override
    public PartialAttention spans(
            AttentionHeads heads, int spans, float[] queries, float[] keys, float[] values, int[] starts, int[] ends) {
        int rows = rows(heads, "queries", queries);
        int tokens = tokens(heads, keys, values);
        int count = Math.multiplyExact(rows * heads.queryHeads(), requireSpans(spans));
        requireLength("starts", count, starts.length);
        requireLength("ends", count, ends.length);
        PageTable table = PageTable.of(heads, tokens, keys, values);
        SoftmaxAttention softmax = new SoftmaxAttention(kernels, heads);
        float[] output = new float[count * heads.headSize()];
        float[] logs = new float[count];
        float[] scores = new float[tokens];
        for (int i = 0; i < count; i++) {
            if (starts[i] < 0) {
                logs[i] = Float.NEGATIVE_INFINITY;
                continue;
            }
            if (ends[i] >= tokens) {
                throw new IllegalArgumentException(
                        "ends[" + i + "]: expected below " + tokens + " tokens, found " + ends[i]);
            }
            int head = i / spans % heads.queryHeads();
            int offset = i / spans / heads.queryHeads() * heads.queryHeads() * heads.headSize();
            logs[i] = softmax.attend(
                    table, 0, head, queries, offset, starts[i], ends[i], scores, output, i * heads.headSize());
        }
        return new PartialAttention(output, logs);
    }

    @Override
    public float[] merge(
            AttentionHeads heads, int spans, PartialAttention window, PartialAttention spanOutputs, float[] scores) {
        int rows = rows(heads, "window.output", window.output());
        int size = heads.headSize();
        int queries = rows * heads.queryHeads();
        int count = Math.multiplyExact(queries, requireSpans(spans));
        requireLength("window.logSumExp", queries, window.logSumExp().length);
        requireLength("spanOutputs.output", count * size, spanOutputs.output().length);
        requireLength("spanOutputs.logSumExp", count, spanOutputs.logSumExp().length);
        requireLength("scores", count, scores.length);
        float[] output = Arrays.copyOf(window.output(), window.output().length);
        float[] gates = new float[spans];
        for (int i = 0; i < queries; i++) {
            if (!SpanMerge.gates(scores, i * spans, spans, gates)) {
                continue;
            }
            Arrays.fill(output, i * size, (i + 1) * size, 0f);
            for (int j = i * spans; j < (i + 1) * spans; j++) {
                SpanMerge.add(
                        gates[j - i * spans],
                        window.output(),
                        i * size,
                        window.logSumExp()[i],
                        spanOutputs.output(),
                        j * size,
                        spanOutputs.logSumExp()[j],
                        output,
                        i * size,
                        size);
            }
        }
        return output;
    }

    @Override
    public float[] attend(
            AttentionHeads heads,
            SpanGeometry geometry,
            int firstPosition,
            float[] searchQueries,
            float[] queries,
            float[] keys,
            float[] values) {
        int rows = rows(heads, "queries", queries);
        requireLength("searchQueries", queries.length, searchQueries.length);
        int tokens = tokens(heads, keys, values);
        requirePositions(firstPosition, rows, tokens);
        PageTable table = PageTable.of(heads, tokens, keys, values);
        Scratch scratch = new Scratch(heads, geometry.parameters().spans(), tokens);
        SuperlinearAttention attention = new SuperlinearAttention(kernels, heads, geometry);
        float[] output = new float[queries.length];
        for (int r = 0; r < rows; r++) {
            int offset = r * heads.queryHeads() * heads.headSize();
            for (int h = 0; h < heads.queryHeads(); h += heads.group()) {
                attention.attend(
                        table,
                        0,
                        firstPosition + r,
                        h,
                        h + heads.group(),
                        searchQueries,
                        queries,
                        offset,
                        scratch,
                        output,
                        offset);
            }
        }
        return output;
    }

    private static int rows(AttentionHeads heads, String name, float[] queries) {
        return divided(name, queries.length, Math.multiplyExact(heads.queryHeads(), heads.headSize()));
    }

    private static int tokens(AttentionHeads heads, String name, float[] keys) {
        return divided(name, keys.length, Math.multiplyExact(heads.keyValueHeads(), heads.headSize()));
    }

    private static int tokens(AttentionHeads heads, float[] keys, float[] values) {
        requireLength("values", keys.length, values.length);
        return tokens(heads, "keys", keys);
    }

    private static int divided(String name, int length, int width) {
        if (length % width != 0) {
            throw new IllegalArgumentException(
                    name + ": expected a multiple of " + width + " numbers, found " + length);
        }
        return length / width;
    }

    private static int requireSpans(int spans) {
        if (spans < 1) {
            throw new IllegalArgumentException("spans: expected at least 1, found " + spans);
        }
        return spans;
    }

    private static void requireLength(String name, int expected, int found) {
        if (found != expected) {
            throw new IllegalArgumentException(name + ": expected " + expected + " numbers, found " + found);
        }
    }

    private static void requirePositions(int firstPosition, int rows, int tokens) {
        if (firstPosition < 0 || (long) firstPosition + rows > tokens) {
            throw new IllegalArgumentException("firstPosition: expected 0 to " + (tokens - rows) + " for " + rows
                    + " rows and " + tokens + " tokens, found " + firstPosition);
        }
    }
}
