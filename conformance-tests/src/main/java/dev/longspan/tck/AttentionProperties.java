package dev.longspan.tck;

import dev.longspan.spi.Anchors;
import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.AttentionKernels;
import dev.longspan.spi.PartialAttention;
import dev.longspan.spi.SpanAttention;
import dev.longspan.spi.SpanGeometry;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;

/**
 * What must hold of superlinear attention, as checks of any kernels (rule A1).
 *
 * <p>Each check draws one case from the random numbers it is given and throws {@link AssertionError} if the property does
 * not hold of it; the message tells the case.
 */
public final class AttentionProperties {
    private static final float POISON = 1e30f;

    private final AttentionKernels kernels;
    private final double tolerance;

    /**
     * Makes the checks of float32 kernels, with a tolerance of 1e-4.
     *
     * @param kernels what is checked
     */
    public AttentionProperties(AttentionKernels kernels) {
        this(kernels, 1e-4);
    }

    /**
     * Makes the checks.
     *
     * @param kernels what is checked
     * @param tolerance how far outputs may be off, relative to max(1, |wanted|)
     */
    public AttentionProperties(AttentionKernels kernels, double tolerance) {
        this.kernels = kernels;
        this.tolerance = tolerance;
    }

    /** {@return all checks by name} */
    public Map<String, Consumer<Random>> all() {
        Map<String, Consumer<Random>> checks = new LinkedHashMap<>();
        checks.put("searchFindsTheOraclesAnchors", this::searchFindsTheOraclesAnchors);
        checks.put("windowEqualsTheOracle", this::windowEqualsTheOracle);
        checks.put("spansEqualTheOracle", this::spansEqualTheOracle);
        checks.put("mergeEqualsTheOracle", this::mergeEqualsTheOracle);
        checks.put("attendEqualsTheOracle", this::attendEqualsTheOracle);
        checks.put("splitsDoNotMatter", this::splitsDoNotMatter);
        checks.put("insideTheWindowItIsDense", this::insideTheWindowItIsDense);
        checks.put("withEverythingInReachItIsDense", this::withEverythingInReachItIsDense);
        checks.put("everyPositionCanBeReached", this::everyPositionCanBeReached);
        checks.put("withoutReachPositionsAreLost", this::withoutReachPositionsAreLost);
        checks.put("repeatedKeysAndValuesChangeNothing", this::repeatedKeysAndValuesChangeNothing);
        checks.put("headsAreIndependent", this::headsAreIndependent);
        checks.put("keysOutOfReachAreNeverRead", this::keysOutOfReachAreNeverRead);
        return checks;
    }

    /**
     * The anchors are exactly the oracle's, ties included, and so are their scores.
     *
     * @param random draws the case
     */
    public void searchFindsTheOraclesAnchors(Random random) {
        AttentionCase c = AttentionCase.random(random);
        for (int first : firsts(c)) {
            float[] queries = c.rows(c.searchQueries, first, c.tokens);
            Anchors got = kernels.search(c.heads, c.geometry, first, queries, c.keys);
            Choice want = c.oracle().search(first, Tensors.toDoubles(queries), Tensors.toDoubles(c.keys));
            if (!Arrays.equals(got.positions(), want.picked())) {
                int at = Arrays.mismatch(got.positions(), want.picked());
                throw new AssertionError("anchor " + at + ": expected " + want.picked()[at] + ", found "
                        + got.positions()[at] + "; from " + first + " on, " + c);
            }
            close("scores", got.scores(), want.scores(), c);
        }
    }

    /** Positions of the first query: of a whole prompt, and of its second half. */
    private static int[] firsts(AttentionCase c) {
        return new int[] {0, c.tokens / 2};
    }

    /**
     * Window equals the oracle, its log-sum-exp too.
     *
     * @param random draws the case
     */
    public void windowEqualsTheOracle(Random random) {
        AttentionCase c = AttentionCase.random(random);
        for (int first : firsts(c)) {
            float[] queries = c.rows(c.queries, first, c.tokens);
            PartialAttention want = new OracleKernels().window(c.heads, c.geometry, first, queries, c.keys, c.values);
            PartialAttention got = kernels.window(c.heads, c.geometry, first, queries, c.keys, c.values);
            close("window", got.output(), Tensors.toDoubles(want.output()), c);
            close("log-sum-exp of the window", got.logSumExp(), Tensors.toDoubles(want.logSumExp()), c);
        }
    }

    /**
     * Spans equal the oracle, their log-sum-exp too.
     *
     * @param random draws the case
     */
    public void spansEqualTheOracle(Random random) {
        AttentionCase c = AttentionCase.random(random);
        PartialAttention want = spansOfTheOracle(c);
        int[][] ends = endsOfTheOracle(c);
        PartialAttention got = kernels.spans(c.heads, c.span.spans(), c.queries, c.keys, c.values, ends[0], ends[1]);
        close("spans", got.output(), Tensors.toDoubles(want.output()), c);
        close("log-sum-exp of the spans", got.logSumExp(), Tensors.toDoubles(want.logSumExp()), c);
    }

    private static Anchors anchorsOfTheOracle(AttentionCase c) {
        return new OracleKernels().search(c.heads, c.geometry, 0, c.searchQueries, c.keys);
    }

    /** First and last positions of the spans, [rows, H, k] each. */
    private static int[][] endsOfTheOracle(AttentionCase c) {
        int[] anchors = anchorsOfTheOracle(c).positions();
        int[] starts = new int[anchors.length];
        int[] ends = new int[anchors.length];
        for (int i = 0; i < starts.length; i++) {
            int t = i / (c.span.spans() * c.heads.queryHeads());
            starts[i] = anchors[i] < 0 ? -1 : c.oracle().spanStart(t, anchors[i]);
            ends[i] = anchors[i] < 0 ? -1 : c.oracle().spanEnd(t, anchors[i]);
        }
        return new int[][] {starts, ends};
    }

    private static PartialAttention spansOfTheOracle(AttentionCase c) {
        int[][] ends = endsOfTheOracle(c);
        return new OracleKernels().spans(c.heads, c.span.spans(), c.queries, c.keys, c.values, ends[0], ends[1]);
    }

    /**
     * Merge equals the oracle, also where the log-sum-exps are so large that their exponentials are not numbers.
     *
     * @param random draws the case
     */
    public void mergeEqualsTheOracle(Random random) {
        AttentionCase c = AttentionCase.random(random);
        OracleKernels oracle = new OracleKernels();
        float more = new float[] {0, 100, -100, 900}[random.nextInt(4)];
        PartialAttention window = raised(oracle.window(c.heads, c.geometry, 0, c.queries, c.keys, c.values), more);
        PartialAttention spans = raised(spansOfTheOracle(c), more);
        float[] scores = anchorsOfTheOracle(c).scores();
        float[] want = oracle.merge(c.heads, c.span.spans(), window, spans, scores);
        float[] got = kernels.merge(c.heads, c.span.spans(), window, spans, scores);
        close("merge with log-sum-exps raised by " + more, got, Tensors.toDoubles(want), c);
    }

    private static PartialAttention raised(PartialAttention part, float more) {
        float[] raised = part.logSumExp().clone();
        for (int i = 0; i < raised.length; i++) {
            raised[i] += more;
        }
        return new PartialAttention(part.output(), raised);
    }

    /**
     * The whole function equals the oracle.
     *
     * @param random draws the case
     */
    public void attendEqualsTheOracle(Random random) {
        AttentionCase c = AttentionCase.random(random);
        close("attend", attend(c), wanted(c), c);
    }

    /**
     * Prefill at once, in chunks of any size, and token by token give the same (1).
     *
     * @param random draws the case
     */
    public void splitsDoNotMatter(Random random) {
        AttentionCase c = AttentionCase.random(random);
        float[] want = attend(c);
        int longest = 1 + random.nextInt(c.tokens);
        for (int from = 0; from < c.tokens; ) {
            int to = Math.min(c.tokens, from + 1 + random.nextInt(longest));
            float[] got = kernels.attend(
                    c.heads,
                    c.geometry,
                    from,
                    c.rows(c.searchQueries, from, to),
                    c.rows(c.queries, from, to),
                    c.first(c.keys, to),
                    c.first(c.values, to));
            close("rows " + from + " to " + to, got, Tensors.toDoubles(c.rows(want, from, to)), c);
            from = to;
        }
    }

    /**
     * For t &lt; W it is dense causal attention (2).
     *
     * @param random draws the case
     */
    public void insideTheWindowItIsDense(Random random) {
        SpanAttention span = RandomModel.span(random);
        SpanAttention wide = new SpanAttention(
                5, span.spans(), span.backwardFactor(), span.forwardFactor(), span.searchPower(), span.spanPower(), 1);
        int window = new SpanGeometry(wide).windowLength();
        AttentionCase c =
                new AttentionCase(AttentionCase.heads(random), wide, 1 + random.nextInt(Math.min(window, 60)), random);
        close("attend", attend(c), dense(c), c);
    }

    /**
     * With all anchors kept and spans without end it is dense attention for every query (3).
     *
     * @param random draws the case
     */
    public void withEverythingInReachItIsDense(Random random) {
        SpanAttention span = RandomModel.span(random);
        SpanAttention all =
                new SpanAttention(span.windowIndex(), 90, 1e6, 1e6, span.searchPower(), span.spanPower(), 1);
        AttentionCase c = new AttentionCase(AttentionCase.heads(random), all, 1 + random.nextInt(70), random);
        close("attend", attend(c), dense(c), c);
    }

    /**
     * Where spans reach from stripe to stripe, every position contributes; tested at the bound (4).
     *
     * @param random draws the case
     */
    public void everyPositionCanBeReached(Random random) {
        SpanAttention drawn = RandomModel.span(random);
        int t = 1 + random.nextInt(60);
        AttentionOracle stripes = new AttentionOracle(new AttentionHeads(1, 1, 1), drawn);
        int s = drawn.windowIndex();
        int m = s;
        while (stripes.stripe(m + 1L) <= t + 1L) {
            m++;
        }
        if (m == s) {
            return;
        }
        long forward = stripes.forward(t);
        long backward = t + 1 - stripes.stripe(m);
        for (int i = s + 1; i < m; i++) {
            backward = Math.max(backward, stripes.stripe(i + 1L) - stripes.stripe(i) - 1 - forward);
        }
        double factor = backward == 0 ? 0 : (backward - 0.5) / StrictMath.pow(t + 1.0, drawn.spanPower());
        SpanAttention atBound = new SpanAttention(
                s, m, factor, drawn.forwardFactor(), drawn.searchPower(), drawn.spanPower(), drawn.searchScale());
        for (int j = 0; j <= t; j++) {
            if (!(weight(atBound, t, j) > 0)) {
                throw new AssertionError(
                        "position " + j + " contributes nothing to the query at " + t + "; " + atBound);
            }
        }
    }

    /**
     * The other side of the bound: with p = ½, s = 2 and bf = ff = 0 the query at 10 loses positions 0 and 1 (4).
     *
     * @param random draws nothing
     */
    public void withoutReachPositionsAreLost(Random random) {
        SpanAttention span = new SpanAttention(2, 8, 0, 0, 0.5, 0.5, 1);
        for (int j = 0; j <= 10; j++) {
            double weight = weight(span, 10, j);
            if ((weight > 0) != (j > 1)) {
                throw new AssertionError("position " + j + " has weight " + weight + " for the query at 10; " + span);
            }
        }
    }

    /** How much position j contributes to the query at t where all scores are equal. */
    private double weight(SpanAttention span, int t, int j) {
        float[] zeros = new float[t + 1];
        float[] values = new float[t + 1];
        values[j] = 1;
        AttentionHeads one = new AttentionHeads(1, 1, 1);
        return kernels.attend(one, new SpanGeometry(span), t, new float[1], new float[1], zeros, values)[0];
    }

    /**
     * Repeating keys and values for each query head changes nothing (5).
     *
     * @param random draws the case
     */
    public void repeatedKeysAndValuesChangeNothing(Random random) {
        AttentionCase c = AttentionCase.random(random);
        int queryHeads = c.heads.queryHeads();
        int[] shared = new int[queryHeads];
        Arrays.setAll(shared, h -> h / c.heads.group());
        AttentionHeads alone = new AttentionHeads(queryHeads, queryHeads, c.heads.headSize());
        float[] keys = heads(c, c.keys, c.heads.keyValueHeads(), shared);
        float[] values = heads(c, c.values, c.heads.keyValueHeads(), shared);
        float[] got = kernels.attend(alone, c.geometry, 0, c.searchQueries, c.queries, keys, values);
        close("attend", got, Tensors.toDoubles(attend(c)), c);
    }

    /**
     * Permuting the key/value heads together with their query heads permutes the outputs (6, within one sequence).
     *
     * @param random draws the case
     */
    public void headsAreIndependent(Random random) {
        AttentionCase c = AttentionCase.random(random);
        int shared = c.heads.keyValueHeads();
        int turn = random.nextInt(shared);
        int[] order = new int[shared];
        Arrays.setAll(order, g -> (g + turn) % shared);
        int[] queryOrder = new int[c.heads.queryHeads()];
        Arrays.setAll(queryOrder, h -> order[h / c.heads.group()] * c.heads.group() + h % c.heads.group());
        float[] got = kernels.attend(
                c.heads,
                c.geometry,
                0,
                heads(c, c.searchQueries, queryOrder.length, queryOrder),
                heads(c, c.queries, queryOrder.length, queryOrder),
                heads(c, c.keys, shared, order),
                heads(c, c.values, shared, order));
        float[] want = heads(c, attend(c), queryOrder.length, queryOrder);
        close("attend", got, Tensors.toDoubles(want), c);
    }

    /**
     * What lies outside of window, anchors and spans does not matter, however large it is (7).
     *
     * @param random draws the case
     */
    public void keysOutOfReachAreNeverRead(Random random) {
        AttentionCase c = AttentionCase.random(random);
        int t = c.tokens - 1;
        boolean[] searched = new boolean[c.tokens];
        boolean[] read = new boolean[c.tokens];
        AttentionOracle oracle = c.oracle();
        Choice choice = oracle.search(0, Tensors.toDoubles(c.searchQueries), Tensors.toDoubles(c.keys));
        oracle.candidates(t).forEach(a -> searched[a] = true);
        AttentionOracle.range(oracle.windowStart(t), t).forEach(j -> read[j] = true);
        int perRow = c.heads.queryHeads() * c.span.spans();
        for (int i = t * perRow; i < (t + 1) * perRow; i++) {
            int anchor = choice.picked()[i];
            if (anchor >= 0) {
                AttentionOracle.range(oracle.spanStart(t, anchor), oracle.spanEnd(t, anchor))
                        .forEach(j -> read[j] = true);
            }
        }
        float[] keys = c.keys.clone();
        float[] values = c.values.clone();
        int size = c.heads.keyValueHeads() * c.heads.headSize();
        for (int j = 0; j < c.tokens; j++) {
            if (!read[j]) {
                Arrays.fill(values, j * size, (j + 1) * size, POISON);
                if (!searched[j]) {
                    Arrays.fill(keys, j * size, (j + 1) * size, POISON);
                }
            }
        }
        float[] searchQuery = c.rows(c.searchQueries, t, t + 1);
        float[] query = c.rows(c.queries, t, t + 1);
        float[] got = kernels.attend(c.heads, c.geometry, t, searchQuery, query, keys, values);
        float[] want = kernels.attend(c.heads, c.geometry, t, searchQuery, query, c.keys, c.values);
        close("attend", got, Tensors.toDoubles(want), c);
    }

    /** A tensor [tokens, heads, D] with other heads at each place. */
    private static float[] heads(AttentionCase c, float[] all, int count, int[] source) {
        int size = c.heads.headSize();
        float[] picked = new float[c.tokens * source.length * size];
        for (int t = 0; t < c.tokens; t++) {
            for (int h = 0; h < source.length; h++) {
                System.arraycopy(all, (t * count + source[h]) * size, picked, (t * source.length + h) * size, size);
            }
        }
        return picked;
    }

    private float[] attend(AttentionCase c) {
        return kernels.attend(c.heads, c.geometry, 0, c.searchQueries, c.queries, c.keys, c.values);
    }

    private static double[] wanted(AttentionCase c) {
        return c.oracle()
                .attend(
                        0,
                        Tensors.toDoubles(c.searchQueries),
                        Tensors.toDoubles(c.queries),
                        Tensors.toDoubles(c.keys),
                        Tensors.toDoubles(c.values),
                        null);
    }

    private static double[] dense(AttentionCase c) {
        return AttentionOracle.dense(
                c.heads, 0, Tensors.toDoubles(c.queries), Tensors.toDoubles(c.keys), Tensors.toDoubles(c.values));
    }

    private void close(String what, float[] got, double[] want, AttentionCase c) {
        if (got.length != want.length) {
            throw new AssertionError(what + ": expected " + want.length + " numbers, found " + got.length + "; " + c);
        }
        for (int i = 0; i < want.length; i++) {
            boolean equal = got[i] == (float) want[i];
            if (!equal && !(Math.abs(got[i] - want[i]) <= tolerance * Math.max(1, Math.abs(want[i])))) {
                throw new AssertionError(
                        what + ", number " + i + ": expected " + want[i] + ", found " + got[i] + "; " + c);
            }
        }
    }
}
