package dev.longspan.tck;

import dev.longspan.spi.Anchors;
import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.AttentionKernels;
import dev.longspan.spi.PartialAttention;
import dev.longspan.spi.SpanAttention;
import dev.longspan.spi.SpanGeometry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The {@link AttentionOracle} as kernels: float32 in and out, float64 inside. Of a {@link SpanGeometry} it reads the
 * parameters alone.
 */
public class OracleKernels implements AttentionKernels {
    /** Makes the kernels. */
    public OracleKernels() {}

    AttentionOracle oracle(AttentionHeads heads, SpanAttention span) {
        return new AttentionOracle(heads, span);
    }

    @Override
    public Anchors search(
            AttentionHeads heads, SpanGeometry geometry, int firstPosition, float[] searchQueries, float[] keys) {
        requireTokens(heads, firstPosition, searchQueries, keys, keys);
        Choice choice = oracle(heads, geometry.parameters())
                .search(firstPosition, Tensors.toDoubles(searchQueries), Tensors.toDoubles(keys));
        return new Anchors(choice.picked(), Tensors.toFloats(choice.scores()));
    }

    @Override
    public PartialAttention window(
            AttentionHeads heads,
            SpanGeometry geometry,
            int firstPosition,
            float[] queries,
            float[] keys,
            float[] values) {
        requireTokens(heads, firstPosition, queries, keys, values);
        AttentionOracle oracle = oracle(heads, geometry.parameters());
        List<List<Integer>> seen = new ArrayList<>();
        for (int c = 0; c < queries.length / heads.headSize(); c++) {
            int t = firstPosition + c / heads.queryHeads();
            seen.add(AttentionOracle.range(oracle.windowStart(t), t));
        }
        return over(oracle, heads, 1, seen, queries, keys, values);
    }

    @Override
    public PartialAttention spans(
            AttentionHeads heads, int spans, float[] queries, float[] keys, float[] values, int[] starts, int[] ends) {
        if (starts.length != ends.length || starts.length * heads.headSize() != queries.length * spans) {
            throw new IllegalArgumentException("starts and ends: expected " + spans + " for each row and head, found "
                    + starts.length + " and " + ends.length);
        }
        List<List<Integer>> seen = new ArrayList<>();
        for (int j = 0; j < starts.length; j++) {
            seen.add(starts[j] < 0 ? List.of() : AttentionOracle.range(starts[j], ends[j]));
        }
        AttentionOracle oracle = oracle(heads, AttentionCase.PLAIN);
        return over(oracle, heads, spans, seen, queries, keys, values);
    }

    private static PartialAttention over(
            AttentionOracle oracle,
            AttentionHeads heads,
            int perQuery,
            List<List<Integer>> seen,
            float[] queries,
            float[] keys,
            float[] values) {
        int size = heads.headSize();
        float[] output = new float[seen.size() * size];
        float[] logSumExp = new float[seen.size()];
        double[] wideQueries = Tensors.toDoubles(queries);
        double[] wideKeys = Tensors.toDoubles(keys);
        double[] wideValues = Tensors.toDoubles(values);
        for (int i = 0; i < seen.size(); i++) {
            int c = i / perQuery;
            int head = c % heads.queryHeads();
            AttentionOracle.Part part = oracle.over(seen.get(i), wideQueries, c * size, wideKeys, wideValues, head);
            System.arraycopy(Tensors.toFloats(part.output), 0, output, i * size, size);
            logSumExp[i] = (float) part.logSumExp;
        }
        return new PartialAttention(output, logSumExp);
    }

    @Override
    public float[] merge(
            AttentionHeads heads, int spans, PartialAttention window, PartialAttention spanOutputs, float[] scores) {
        int size = heads.headSize();
        requireParts(size, spans, window, spanOutputs, scores);
        float[] output = window.output().clone();
        for (int c = 0; c < window.logSumExp().length; c++) {
            int count = 0;
            double[] kept = new double[spans];
            int[] index = new int[spans];
            for (int j = 0; j < spans; j++) {
                if (scores[c * spans + j] != Float.NEGATIVE_INFINITY) {
                    index[count] = c * spans + j;
                    kept[count++] = scores[c * spans + j];
                }
            }
            if (count == 0) {
                continue;
            }
            double[] gate = OracleMath.softmax(Arrays.copyOf(kept, count));
            for (int d = 0; d < size; d++) {
                double sum = 0;
                for (int j = 0; j < count; j++) {
                    double part = joined(
                            window.logSumExp()[c],
                            window.output()[c * size + d],
                            spanOutputs.logSumExp()[index[j]],
                            spanOutputs.output()[index[j] * size + d]);
                    sum += gate[j] * part;
                }
                output[c * size + d] = (float) sum;
            }
        }
        return output;
    }

    void requireParts(int size, int spans, PartialAttention window, PartialAttention spanOutputs, float[] scores) {
        int choices = window.logSumExp().length;
        if (window.output().length != choices * size
                || scores.length != choices * spans
                || spanOutputs.logSumExp().length != scores.length
                || spanOutputs.output().length != scores.length * size) {
            throw new IllegalArgumentException("expected " + spans + " spans and scores for each of " + choices
                    + " rows and heads, found " + spanOutputs.logSumExp().length + " and " + scores.length);
        }
    }

    /** Two softmaxes over different keys as one. */
    double joined(double lse, double output, double otherLse, double otherOutput) {
        double largest = Math.max(lse, otherLse);
        if (largest == Double.NEGATIVE_INFINITY) {
            return 0;
        }
        double weight = Math.exp(lse - largest);
        double otherWeight = Math.exp(otherLse - largest);
        return (weight * output + otherWeight * otherOutput) / (weight + otherWeight);
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
        requireTokens(heads, firstPosition, queries, keys, values);
        return Tensors.toFloats(oracle(heads, geometry.parameters())
                .attend(
                        firstPosition,
                        Tensors.toDoubles(searchQueries),
                        Tensors.toDoubles(queries),
                        Tensors.toDoubles(keys),
                        Tensors.toDoubles(values),
                        null));
    }

    private static void requireTokens(AttentionHeads heads, int first, float[] queries, float[] keys, float[] values) {
        int rowSize = heads.queryHeads() * heads.headSize();
        int tokenSize = heads.keyValueHeads() * heads.headSize();
        int needed = (first + queries.length / rowSize) * tokenSize;
        if (first < 0
                || queries.length % rowSize != 0
                || keys.length != values.length
                || keys.length % tokenSize != 0
                || keys.length < needed) {
            throw new IllegalArgumentException("expected whole rows of " + rowSize + " and keys and values of at least "
                    + needed + " numbers, found queries " + queries.length + ", keys " + keys.length + ", values "
                    + values.length + ", first position " + first);
        }
    }
}
