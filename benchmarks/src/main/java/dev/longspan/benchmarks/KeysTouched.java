package dev.longspan.benchmarks;

import dev.longspan.spi.SpanAttention;
import dev.longspan.spi.SpanGeometry;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * Counts the keys that one query and head of span attention reads, by context length: candidates of the search, tokens in
 * the chosen spans (each span in full, also where spans overlap), and the window. Nothing is timed.
 *
 * <p>The spans are counted twice: with anchors chosen at random, and with those whose spans are longest. As a program it
 * prints a table and fitted exponents for the released parameters and for the nano model's.
 */
public final class KeysTouched {
    /** The released model's parameters. */
    static final SpanAttention RELEASED = new SpanAttention(65, 3, 3, 1, 0.55, 0.55, 1);

    /** The nano model's parameters. */
    static final SpanAttention NANO = new SpanAttention(6, 3, 3, 1, 0.5, 0.5, 0.1767766952966369);

    private static final int DRAWS = 1000;

    private final SpanGeometry geometry;
    private final SplittableRandom random = new SplittableRandom(1);

    KeysTouched(SpanAttention parameters) {
        this.geometry = new SpanGeometry(parameters);
    }

    /**
     * What one query reads.
     *
     * @param length the context's length in tokens, the query's own included
     * @param window keys in the window
     * @param search candidate anchors
     * @param randomSpans keys in spans around random anchors, on average
     * @param worstSpans keys in the longest spans
     */
    record Count(int length, int window, int search, double randomSpans, long worstSpans) {
        /** {@return search and spans, which grow without bound, for the worst anchors} */
        long growing() {
            return search + worstSpans;
        }

        /** {@return all that is read for the worst anchors} */
        long total() {
            return window + growing();
        }
    }

    /** {@return the counts of the last query of a context} */
    Count count(int length) {
        int position = length - 1;
        int candidates = geometry.anchors(position);
        int[] lengths = new int[candidates];
        for (int i = 0; i < candidates; i++) {
            lengths[i] = spanLength(position, geometry.parameters().windowIndex() + 1 + i);
        }
        double average = averageOfRandom(lengths);
        Arrays.sort(lengths);
        long worst = 0;
        for (int i = Math.max(0, candidates - geometry.parameters().spans()); i < candidates; i++) {
            worst += lengths[i];
        }
        int window = position - geometry.windowStart(position) + 1;
        return new Count(length, window, candidates, average, worst);
    }

    private int spanLength(int position, int stripe) {
        int anchor = position + 1 - geometry.stripes(position)[stripe - 1];
        int start = SpanGeometry.spanStart(anchor, geometry.backward(position));
        int end = geometry.spanEnd(position, anchor, geometry.forward(position));
        return Math.max(0, end - start + 1);
    }

    /** The first k of a shuffle, many times. */
    private double averageOfRandom(int[] lengths) {
        int[] shuffled = lengths.clone();
        int chosen = Math.min(geometry.parameters().spans(), shuffled.length);
        double sum = 0;
        for (int draw = 0; draw < DRAWS; draw++) {
            for (int i = 0; i < chosen; i++) {
                int other = random.nextInt(i, shuffled.length);
                int swap = shuffled[i];
                shuffled[i] = shuffled[other];
                shuffled[other] = swap;
                sum += shuffled[i];
            }
        }
        return sum / DRAWS;
    }

    /** {@return contexts from 1024 tokens to 1 048 576, two to each doubling} */
    static List<Integer> lengths() {
        List<Integer> lengths = new ArrayList<>();
        for (int i = 0; i <= 20; i++) {
            lengths.add((int) Math.round(1024 * Math.pow(2, i / 2.0)));
        }
        return lengths;
    }

    /** {@return the exponent e of the power law a · x^e that fits best: the slope of the logarithms, by least squares} */
    static double exponent(double[] x, double[] y) {
        double meanX = Arrays.stream(x).map(Math::log).average().orElseThrow();
        double meanY = Arrays.stream(y).map(Math::log).average().orElseThrow();
        double covariance = 0;
        double variance = 0;
        for (int i = 0; i < x.length; i++) {
            double deviation = Math.log(x[i]) - meanX;
            covariance += deviation * (Math.log(y[i]) - meanY);
            variance += deviation * deviation;
        }
        return covariance / variance;
    }

    /** {@return the exponent of the total, worst anchors, from 1 k to 1 M} */
    double totalExponent() {
        List<Count> counts = lengths().stream().map(this::count).toList();
        return exponent(
                counts.stream().mapToDouble(Count::length).toArray(),
                counts.stream().mapToDouble(Count::total).toArray());
    }

    /**
     * {@return the exponent of search and spans, worst anchors, where spans are no longer cut off by the context's ends: from
     * 8 windows (at least 1 k) to 1 M}
     */
    double growingExponent() {
        int from = 8 * geometry.windowLength();
        List<Count> counts =
                lengths().stream().filter(n -> n >= from).map(this::count).toList();
        return exponent(
                counts.stream().mapToDouble(Count::length).toArray(),
                counts.stream().mapToDouble(Count::growing).toArray());
    }

    /**
     * Prints the tables.
     *
     * @param args none
     */
    public static void main(String[] args) {
        print(System.out, "released parameters", RELEASED);
        print(System.out, "nano's parameters", NANO);
    }

    private static void print(PrintStream out, String name, SpanAttention parameters) {
        KeysTouched keys = new KeysTouched(parameters);
        out.printf("%s: %s%nwindow %d%n%n", name, parameters, keys.geometry.windowLength());
        out.println("| context | window | search | spans, random | spans, worst | total, worst | of all keys |");
        out.println("|---|---|---|---|---|---|---|");
        for (int i = 0; i <= 20; i += 2) {
            Count c = keys.count(lengths().get(i));
            out.printf(
                    Locale.ROOT,
                    "| %d | %d | %d | %.0f | %d | %d | %.1f %% |%n",
                    c.length,
                    c.window,
                    c.search,
                    c.randomSpans,
                    c.worstSpans,
                    c.total(),
                    100.0 * c.total() / c.length);
        }
        double bound = Math.max(parameters.searchPower(), parameters.spanPower()) + 0.02;
        out.printf(
                Locale.ROOT,
                "%nexponent of the total, 1 k to 1 M: %.3f; of search and spans, from 8 windows: %.3f; bound %.2f%n%n",
                keys.totalExponent(),
                keys.growingExponent(),
                bound);
    }
}
