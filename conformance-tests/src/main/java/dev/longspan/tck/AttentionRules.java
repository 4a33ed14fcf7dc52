package dev.longspan.tck;

import static dev.longspan.tck.ConformanceRule.claimed;
import static dev.longspan.tck.ConformanceRule.unclaimed;
import static dev.longspan.tck.Driver.refused;
import static dev.longspan.tck.Driver.require;

import dev.longspan.spi.AttentionKernels;
import dev.longspan.spi.Backend;
import dev.longspan.spi.Feature;
import dev.longspan.spi.NumericMode;
import dev.longspan.spi.PartialAttention;
import dev.longspan.spi.UnsupportedFeatureException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;

/** The rules of the attention functions one by one. */
final class AttentionRules {
    private static final int CASES_EACH = 4;
    private static final int THREADS = 3;
    private static final int ROUNDS = 30;

    private AttentionRules() {}

    /** One property of {@link AttentionProperties}. */
    private interface Property {
        void check(AttentionProperties properties, Random random);
    }

    static List<ConformanceRule> all() {
        List<ConformanceRule> rules = new ArrayList<>();
        rules.add(rule(
                "A1.vectors",
                "the golden vectors hold",
                "the first mismatch names file, group and row: compute that row by hand",
                AttentionRules::theVectorsHold));
        rules.add(property(
                "A1.search",
                "search finds the oracle's anchors, the older one among equal scores",
                "stripes in double, candidates t + 1 - f(i) with i > s, ties to the larger stripe; t counts from the first position",
                AttentionProperties::searchFindsTheOraclesAnchors));
        rules.add(property(
                "A1.window",
                "window equals the oracle, log-sum-exp included",
                "the window's first position max(0, t - W + 1); scale 1/sqrt(D); the maximum before exp",
                AttentionProperties::windowEqualsTheOracle));
        rules.add(property(
                "A1.spans",
                "spans equals the oracle, log-sum-exp included",
                "both ends are inclusive; a missing span gives zeros and minus infinity",
                AttentionProperties::spansEqualTheOracle));
        rules.add(property(
                "A1.merge",
                "merge equals the oracle, also of large and of missing scores",
                "subtract the larger log-sum-exp before exp; the softmax over the kept anchors' scores",
                AttentionProperties::mergeEqualsTheOracle));
        rules.add(property(
                "A1.attend",
                "the whole function equals the oracle",
                "span ends: min(a + F, t, windowStart - 1), so that window and spans never overlap",
                AttentionProperties::attendEqualsTheOracle));
        rules.add(property(
                "A1.pieces",
                "at once, in chunks and token by token give the same",
                "the first position of a chunk; stripes and spans made for another position",
                AttentionProperties::splitsDoNotMatter));
        rules.add(property(
                "A1.dense",
                "for t < W it is dense causal attention",
                "the window's length W = f(s + 1) - 1",
                AttentionProperties::insideTheWindowItIsDense));
        rules.add(property(
                "A1.everything",
                "with all anchors kept and spans without end it is dense attention",
                "a span that is cut at its anchor, or keys that are used twice",
                AttentionProperties::withEverythingInReachItIsDense));
        rules.add(property(
                "A1.reach",
                "every position can be reached, tested at the bound",
                "B and F are ceilings: ceil(bf * n^ps), in double",
                AttentionProperties::everyPositionCanBeReached));
        rules.add(property(
                "A1.lost",
                "without reach the positions between the stripes are lost",
                "a span that is longer than B + F + 1",
                AttentionProperties::withoutReachPositionsAreLost));
        rules.add(property(
                "A1.groups",
                "repeating keys and values for each query head changes nothing",
                "query head h reads key/value head h / (H / G)",
                AttentionProperties::repeatedKeysAndValuesChangeNothing));
        rules.add(property(
                "A1.heads",
                "heads are independent",
                "a reduction over more than one head",
                AttentionProperties::headsAreIndependent));
        rules.add(property(
                "A1.reads",
                "keys out of reach are never read",
                "keys before the first or behind the last position of window and spans",
                AttentionProperties::keysOutOfReachAreNeverRead));
        rules.add(rule(
                "A1.arguments",
                "arguments that do not fit together are refused, and no argument is changed",
                "compare all lengths with heads and positions before reading",
                AttentionRules::argumentsAreChecked));
        rules.add(rule(
                "A1.threads",
                "several threads may call each of the functions at once",
                "a buffer that belongs to the kernels, and not to the call",
                AttentionRules::threadsDoNotMeet));
        rules.add(unclaimed(
                Feature.ATTENTION_KERNELS,
                "C1.attention",
                "without ATTENTION_KERNELS they are refused",
                "throw new UnsupportedFeatureException(id, Feature.ATTENTION_KERNELS)",
                subject -> {
                    Backend backend = subject.open();
                    refused("attention", backend::attention, UnsupportedFeatureException.class);
                }));
        return rules;
    }

    private static ConformanceRule rule(String id, String title, String hint, ConformanceRule.Body body) {
        return claimed(Feature.ATTENTION_KERNELS, id, title, hint, body);
    }

    private static ConformanceRule property(String id, String title, String hint, Property property) {
        return rule(id, title, hint, subject -> {
            Backend backend = subject.open();
            Tolerance tolerance = Tolerance.of(backend.capabilities());
            AttentionProperties properties = new AttentionProperties(backend.attention(), tolerance.oracle());
            subject.cases(seed -> {
                Random random = new Random(seed);
                for (int i = 0; i < CASES_EACH; i++) {
                    property.check(properties, random);
                }
            });
        });
    }

    private static void theVectorsHold(Subject subject) {
        Backend backend = subject.open();
        NumericMode mode = backend.capabilities().numericMode();
        double tolerance = mode == NumericMode.F32
                ? 1e-5
                : Tolerance.of(backend.capabilities()).oracle();
        AttentionVectors.Report report = AttentionVectors.run(backend.attention(), tolerance, mode == NumericMode.F32);
        require(report.mismatches().isEmpty(), String.join("; ", report.mismatches()));
    }

    private static void argumentsAreChecked(Subject subject) throws Exception {
        AttentionKernels kernels = subject.open().attention();
        subject.cases(seed -> {
            AttentionCase c = AttentionCase.random(new Random(seed));
            Class<IllegalArgumentException> illegal = IllegalArgumentException.class;
            float[] shorter = Arrays.copyOf(c.keys, c.keys.length - 1);
            float[] fewer = Arrays.copyOf(c.keys, c.keys.length - c.heads.keyValueHeads() * c.heads.headSize());
            float[] odd = Arrays.copyOf(c.queries, c.queries.length + 1);
            refused(
                    "search with a part of a key",
                    () -> kernels.search(c.heads, c.geometry, 0, c.searchQueries, shorter),
                    illegal);
            refused(
                    "window with fewer keys than positions",
                    () -> kernels.window(c.heads, c.geometry, 0, c.queries, fewer, c.values),
                    illegal);
            refused(
                    "attend with a part of a query",
                    () -> kernels.attend(c.heads, c.geometry, 0, odd, odd, c.keys, c.values),
                    illegal);
            refused(
                    "attend at a negative position",
                    () -> kernels.attend(c.heads, c.geometry, -1, c.searchQueries, c.queries, c.keys, c.values),
                    illegal);
            refused(
                    "spans with fewer starts than rows",
                    () -> kernels.spans(c.heads, c.span.spans(), c.queries, c.keys, c.values, new int[1], new int[1]),
                    illegal);
            nothingIsChanged(kernels, c);
        });
    }

    /** Calls every function, and looks at its arguments afterwards. */
    private static void nothingIsChanged(AttentionKernels kernels, AttentionCase c) {
        float[][] all = {c.searchQueries, c.queries, c.keys, c.values};
        kept("attend", () -> kernels.attend(c.heads, c.geometry, 0, c.searchQueries, c.queries, c.keys, c.values), all);
        kept("search", () -> kernels.search(c.heads, c.geometry, 0, c.searchQueries, c.keys), all);
        kept("window", () -> kernels.window(c.heads, c.geometry, 0, c.queries, c.keys, c.values), all);
        int k = c.span.spans();
        int[] starts = new int[c.tokens * c.heads.queryHeads() * k];
        int[] ends = new int[starts.length];
        for (int i = 0; i < starts.length; i++) {
            starts[i] = i % 3 == 0 ? -1 : 0;
            ends[i] = i % 3 == 0 ? -1 : i / (c.heads.queryHeads() * k);
        }
        int[] startsBefore = starts.clone();
        int[] endsBefore = ends.clone();
        kept("spans", () -> kernels.spans(c.heads, k, c.queries, c.keys, c.values, starts, ends), all);
        require(
                Arrays.equals(starts, startsBefore) && Arrays.equals(ends, endsBefore),
                "spans changed its starts or ends");
        PartialAttention window = kernels.window(c.heads, c.geometry, 0, c.queries, c.keys, c.values);
        PartialAttention spans = kernels.spans(c.heads, k, c.queries, c.keys, c.values, starts, ends);
        float[] scores = new float[starts.length];
        float[][] parts = {window.output(), window.logSumExp(), spans.output(), spans.logSumExp(), scores};
        kept("merge", () -> kernels.merge(c.heads, k, window, spans, scores), parts);
        refused(
                "merge with one score too many",
                () -> kernels.merge(c.heads, k, window, spans, new float[scores.length + 1]),
                IllegalArgumentException.class);
        PartialAttention fewer = new PartialAttention(
                Arrays.copyOf(spans.output(), spans.output().length - c.heads.headSize()),
                Arrays.copyOf(spans.logSumExp(), spans.logSumExp().length - 1));
        refused(
                "merge with one span too few",
                () -> kernels.merge(c.heads, k, window, fewer, scores),
                IllegalArgumentException.class);
    }

    private static void kept(String what, Driver.Call call, float[]... arguments) {
        float[][] copies = new float[arguments.length][];
        Arrays.setAll(copies, i -> arguments[i].clone());
        call.make();
        for (int i = 0; i < arguments.length; i++) {
            require(Arrays.equals(arguments[i], copies[i]), what + " changed argument " + i);
        }
    }

    /** One of the functions, of which several threads call each at once. */
    private interface Function {
        float[] of(AttentionCase c);
    }

    private static void threadsDoNotMeet(Subject subject) throws Exception {
        Backend backend = subject.open();
        AttentionKernels kernels = backend.attention();
        Tolerance tolerance = Tolerance.of(backend.capabilities());
        Map<String, Function> functions = functions(kernels);
        subject.cases(seed -> {
            Random random = new Random(seed);
            AttentionCase first = AttentionCase.random(random);
            for (Map.Entry<String, Function> each : functions.entrySet()) {
                threadsDoNotMeet(each.getKey(), each.getValue(), first, random, tolerance);
            }
        });
    }

    private static Map<String, Function> functions(AttentionKernels kernels) {
        Map<String, Function> functions = new LinkedHashMap<>();
        functions.put(
                "attend", c -> kernels.attend(c.heads, c.geometry, 0, c.searchQueries, c.queries, c.keys, c.values));
        functions.put(
                "search",
                c -> finite(kernels.search(c.heads, c.geometry, 0, c.searchQueries, c.keys)
                        .scores()));
        functions.put(
                "window",
                c -> kernels.window(c.heads, c.geometry, 0, c.queries, c.keys, c.values)
                        .output());
        functions.put("spans", c -> spansToTheFirst(kernels, c).output());
        functions.put("merge", c -> {
            int spans = c.tokens * c.heads.queryHeads() * c.span.spans();
            PartialAttention window = new PartialAttention(c.queries, new float[spans / c.span.spans()]);
            PartialAttention outputs = new PartialAttention(repeated(c.queries, c), new float[spans]);
            return kernels.merge(c.heads, c.span.spans(), window, outputs, new float[spans]);
        });
        return functions;
    }

    /** Missing anchors have no score. */
    private static float[] finite(float... scores) {
        float[] finite = scores.clone();
        for (int i = 0; i < finite.length; i++) {
            finite[i] = Float.isFinite(finite[i]) ? finite[i] : 0;
        }
        return finite;
    }

    /** Each row's vectors once for each span. */
    private static float[] repeated(float[] rows, AttentionCase c) {
        int size = c.heads.headSize();
        int spans = c.span.spans();
        float[] repeated = new float[rows.length * spans];
        for (int i = 0; i < repeated.length; i++) {
            repeated[i] = rows[i / (size * spans) * size + i % size];
        }
        return repeated;
    }

    private static PartialAttention spansToTheFirst(AttentionKernels kernels, AttentionCase c) {
        int each = c.heads.queryHeads() * c.span.spans();
        int[] starts = new int[c.tokens * each];
        int[] ends = new int[starts.length];
        Arrays.setAll(ends, i -> i / each);
        return kernels.spans(c.heads, c.span.spans(), c.queries, c.keys, c.values, starts, ends);
    }

    /** Threads that compute cases of the same sizes, again and again; what each gets must be what it gets alone. */
    private static void threadsDoNotMeet(
            String name, Function function, AttentionCase first, Random random, Tolerance tolerance) throws Exception {
        List<CompletableFuture<Void>> beside = new ArrayList<>();
        CyclicBarrier begin = new CyclicBarrier(THREADS);
        for (int i = 0; i < THREADS; i++) {
            AttentionCase c = first.again(random);
            double[] want = Tensors.toDoubles(function.of(c));
            beside.add(CompletableFuture.runAsync(
                    () -> {
                        await(begin);
                        for (int round = 0; round < ROUNDS; round++) {
                            tolerance.compare(
                                    name + " on " + THREADS + " threads at once",
                                    function.of(c),
                                    want,
                                    tolerance.oracle());
                        }
                    },
                    task -> new Thread(task, "conformance beside").start()));
        }
        for (CompletableFuture<Void> each : beside) {
            Driver.finish(name + " on several threads", each);
        }
    }

    private static void await(CyclicBarrier begin) {
        try {
            begin.await();
        } catch (InterruptedException | BrokenBarrierException e) {
            throw new IllegalStateException(e);
        }
    }
}
