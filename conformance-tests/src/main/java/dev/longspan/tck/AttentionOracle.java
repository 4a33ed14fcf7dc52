package dev.longspan.tck;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.SpanAttention;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Attention in float64, straight from the definition: the union of window and span is gathered key by key, and nothing is
 * shared between queries.
 *
 * <p>Queries are [rows, H, D], keys and values [tokens, G, D]; row r is the query at position {@code first + r}. Stripes,
 * window and spans are derived here anew, so that a fault in a backend's geometry shows.
 */
public class AttentionOracle {
    private final AttentionHeads heads;
    private final SpanAttention span;

    /**
     * Makes the oracle of one layer's span attention.
     *
     * @param heads the sizes
     * @param span the parameters
     */
    public AttentionOracle(AttentionHeads heads, SpanAttention span) {
        this.heads = heads;
        this.span = span;
    }

    /** Attention over a part of the keys. */
    static final class Part {
        final double[] output;
        double logSumExp = Double.NEGATIVE_INFINITY;

        Part(int size) {
            output = new double[size];
        }
    }

    /**
     * {@return f(i) = floor(i^(1/p))}
     *
     * @param i at least 1
     */
    public long stripe(long i) {
        double exponent = 1 / span.searchPower();
        for (int whole = 2; whole <= 6; whole++) {
            if (Math.abs(exponent - whole) < 1e-12) {
                long power = i;
                for (int n = 1; n < whole; n++) {
                    power = Math.multiplyExact(power, i);
                }
                return power;
            }
        }
        return (long) Math.floor(StrictMath.pow((double) i, exponent));
    }

    /** {@return W = f(s + 1) − 1} */
    public long windowLength() {
        return stripe(span.windowIndex() + 1L) - 1;
    }

    /**
     * {@return the first position of the window of the query at {@code t}; t + 1 if the window is empty}
     *
     * @param t a position
     */
    public int windowStart(int t) {
        return (int) Math.max(0, t - windowLength() + 1);
    }

    /**
     * {@return the candidate anchors of the query at {@code t}, the oldest first}
     *
     * @param t a position
     */
    public List<Integer> candidates(int t) {
        List<Integer> anchors = new ArrayList<>();
        for (long i = span.windowIndex() + 1L; stripe(i) <= t + 1L; i++) {
            anchors.add(0, (int) (t + 1 - stripe(i)));
        }
        return anchors;
    }

    /**
     * {@return B of the query at {@code t}}
     *
     * @param t a position
     */
    public long backward(int t) {
        return (long) Math.ceil(span.backwardFactor() * StrictMath.pow(t + 1.0, span.spanPower()));
    }

    /**
     * {@return F of the query at {@code t}}
     *
     * @param t a position
     */
    public long forward(int t) {
        return (long) Math.ceil(span.forwardFactor() * StrictMath.pow(t + 1.0, span.spanPower()));
    }

    /**
     * {@return the first position of the span of an anchor}
     *
     * @param t the query's position
     * @param anchor the anchor's position
     */
    public int spanStart(int t, int anchor) {
        return (int) Math.max(0, anchor - backward(t));
    }

    /**
     * {@return the last position of the span of an anchor, inclusive}
     *
     * @param t the query's position
     * @param anchor the anchor's position
     */
    public int spanEnd(int t, int anchor) {
        return (int) Math.min(anchor + forward(t), Math.min(t, windowStart(t) - 1));
    }

    /**
     * {@return the anchors of each row and head, best first, with the gap to the best one left out}
     *
     * @param first the position of row 0
     * @param searchQueries Q1 [rows, H, D]
     * @param keys K [tokens, G, D]
     */
    public Choice search(int first, double[] searchQueries, double[] keys) {
        int queryHeads = heads.queryHeads();
        int choices = searchQueries.length / heads.headSize();
        Choice choice = new Choice(choices / queryHeads, queryHeads, span.spans());
        List<Integer> anchors = List.of();
        for (int c = 0; c < choices; c++) {
            anchors = c % queryHeads == 0 ? candidates(first + c / queryHeads) : anchors;
            double[] all = new double[anchors.size()];
            for (int i = 0; i < all.length; i++) {
                all[i] = span.searchScale()
                        * score(searchQueries, c * heads.headSize(), keys, anchors.get(i), c % queryHeads);
            }
            int[] order = OracleMath.descending(all);
            choice.keepFirst(
                    c,
                    Arrays.stream(order).map(anchors::get).toArray(),
                    Arrays.stream(order).mapToDouble(i -> all[i]).toArray());
        }
        return choice;
    }

    /**
     * {@return the whole function [rows, H, D]}
     *
     * @param first the position of row 0
     * @param searchQueries Q1 [rows, H, D]
     * @param queries Q2 [rows, H, D]
     * @param keys K [tokens, G, D]
     * @param values V [tokens, G, D]
     * @param imposed the anchors to use; null to search for them
     */
    public double[] attend(
            int first,
            double[] searchQueries,
            double[] queries,
            double[] keys,
            double[] values,
            @Nullable Choice imposed) {
        Choice choice = imposed == null ? search(first, searchQueries, keys) : imposed;
        double[] output = new double[queries.length];
        for (int c = 0; c < queries.length / heads.headSize(); c++) {
            one(first + c / heads.queryHeads(), c, searchQueries, queries, keys, values, choice.picked(), output);
        }
        return output;
    }

    private void one(
            int t, int c, double[] q1, double[] q2, double[] keys, double[] values, int[] picked, double[] out) {
        int k = span.spans();
        int head = c % heads.queryHeads();
        int size = heads.headSize();
        List<Integer> anchors = new ArrayList<>();
        for (int j = 0; j < k && picked[c * k + j] >= 0; j++) {
            anchors.add(picked[c * k + j]);
        }
        if (anchors.isEmpty()) {
            Part window = over(range(windowStart(t), t), q2, c * size, keys, values, head);
            System.arraycopy(window.output, 0, out, c * size, size);
            return;
        }
        double[] scores = new double[anchors.size()];
        for (int j = 0; j < scores.length; j++) {
            scores[j] = span.searchScale() * score(q1, c * size, keys, anchors.get(j), head);
        }
        double[] gate = OracleMath.softmax(scores);
        for (int j = 0; j < scores.length; j++) {
            List<Integer> union = range(spanStart(t, anchors.get(j)), spanEnd(t, anchors.get(j)));
            union.addAll(range(windowStart(t), t));
            Part part = over(union, q2, c * size, keys, values, head);
            for (int d = 0; d < size; d++) {
                out[c * size + d] += gate[j] * part.output[d];
            }
        }
    }

    /**
     * {@return causal attention to everything [rows, H, D]}
     *
     * @param heads the sizes
     * @param first the position of row 0
     * @param queries [rows, H, D]
     * @param keys [tokens, G, D]
     * @param values [tokens, G, D]
     */
    public static double[] dense(AttentionHeads heads, int first, double[] queries, double[] keys, double[] values) {
        AttentionOracle oracle = new AttentionOracle(heads, new SpanAttention(0, 1, 0, 0, 0.5, 0.5, 1));
        int size = heads.headSize();
        double[] output = new double[queries.length];
        for (int c = 0; c < queries.length / size; c++) {
            int t = first + c / heads.queryHeads();
            Part part = oracle.over(range(0, t), queries, c * size, keys, values, c % heads.queryHeads());
            System.arraycopy(part.output, 0, output, c * size, size);
        }
        return output;
    }

    /** Attention of one query head to a list of positions; zeros and −∞ where the list is empty. */
    Part over(List<Integer> positions, double[] queries, int query, double[] keys, double[] values, int head) {
        int size = heads.headSize();
        Part part = new Part(size);
        if (positions.isEmpty()) {
            return part;
        }
        double[] scores = new double[positions.size()];
        double largest = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < scores.length; i++) {
            scores[i] = score(queries, query, keys, positions.get(i), head) / Math.sqrt(size);
            largest = Math.max(largest, scores[i]);
        }
        double[] weights = OracleMath.softmax(scores);
        double sum = 0;
        for (int i = 0; i < scores.length; i++) {
            sum += Math.exp(scores[i] - largest);
            int row = row(positions.get(i), head);
            for (int d = 0; d < size; d++) {
                part.output[d] += weights[i] * values[row + d];
            }
        }
        part.logSumExp = largest + Math.log(sum);
        return part;
    }

    static List<Integer> range(int from, int to) {
        List<Integer> positions = new ArrayList<>();
        for (int position = from; position <= to; position++) {
            positions.add(position);
        }
        return positions;
    }

    private double score(double[] queries, int query, double[] keys, int position, int head) {
        return OracleMath.dot(queries, query, keys, row(position, head), heads.headSize());
    }

    private int row(int position, int head) {
        return (position * heads.keyValueHeads() + keyValueHead(head)) * heads.headSize();
    }

    /** The key/value head that a query head reads. */
    int keyValueHead(int head) {
        return head / heads.group();
    }
}
