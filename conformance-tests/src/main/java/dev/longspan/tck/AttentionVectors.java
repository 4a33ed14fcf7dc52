package dev.longspan.tck;

import dev.longspan.spi.Anchors;
import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.AttentionKernels;
import dev.longspan.spi.PartialAttention;
import dev.longspan.spi.SpanAttention;
import dev.longspan.spi.SpanGeometry;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Runs the golden vectors of attention against any kernels (rule A1).
 *
 * <p>Indices must be exact; real numbers may be off by the tolerance times max(1, |wanted|), ten times that in the cases
 * {@code extreme} and {@code large-scores}. Groups with a mask that is more than left padding are left out; left padding is
 * dropped.
 */
public final class AttentionVectors {
    private static final String FOLDER = "/META-INF/longspan/vectors/";
    private static final int MOST_REPORTED = 40;

    private final AttentionKernels kernels;
    private final double tolerance;
    private final List<String> mismatches = new ArrayList<>();
    private int compared;
    private String place = "";
    private double allowed;

    private AttentionVectors(AttentionKernels kernels, double tolerance) {
        this.kernels = kernels;
        this.tolerance = tolerance;
    }

    /**
     * What came out.
     *
     * @param compared how many tensors were compared
     * @param mismatches a sentence for each that was wrong; the first 40
     */
    public record Report(int compared, List<String> mismatches) {
        /** Copies the components. */
        public Report {
            mismatches = List.copyOf(mismatches);
        }
    }

    /**
     * {@return what float32 kernels give, judged with the vectors' tolerance of 1e-5}
     *
     * @param kernels the kernels to judge
     */
    public static Report run(AttentionKernels kernels) {
        return run(kernels, 1e-5);
    }

    /**
     * {@return what kernels give}
     *
     * @param kernels the kernels to judge
     * @param tolerance how far real numbers may be off, relative to max(1, |wanted|)
     */
    public static Report run(AttentionKernels kernels, double tolerance) {
        return run(kernels, tolerance, true);
    }

    /** The anchors are exact only in float32: where products are rounded, near scores may change places. */
    static Report run(AttentionKernels kernels, double tolerance, boolean anchors) {
        AttentionVectors vectors = new AttentionVectors(kernels, tolerance);
        if (anchors) {
            vectors.groups("search.json", vectors::search);
        }
        vectors.groups("sliding.json", vectors::window);
        vectors.groups("span.json", vectors::spans);
        vectors.groups("attention.json", vectors::attend);
        for (Object each : Json.array(read("merge.json").get("cases"))) {
            vectors.merge(Json.object(each));
        }
        return new Report(vectors.compared, vectors.mismatches);
    }

    /** A file of vectors, as the JSON reader gives it. */
    static Map<String, @Nullable Object> read(String file) {
        try (InputStream in = AttentionVectors.class.getResourceAsStream(FOLDER + file)) {
            if (in == null) {
                throw new IllegalStateException("the kit lacks its file " + FOLDER + file);
            }
            return Json.object(Json.parse(new String(in.readAllBytes(), StandardCharsets.UTF_8)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs one run of a group for one entry of its batch. */
    private interface Runner {
        void run(VectorGroup group, Map<String, @Nullable Object> run, int entry);
    }

    private void groups(String file, Runner runner) {
        for (Object each : Json.array(read(file).get("groups"))) {
            VectorGroup group = new VectorGroup(Json.object(each));
            if (group.masked()) {
                continue;
            }
            int number = 0;
            for (Object run : Json.array(Json.object(each).get("runs"))) {
                for (int entry = 0; entry < group.batch; entry++) {
                    place = file + ", group " + group.name + ", run " + number + ", entry " + entry;
                    begin(group.name);
                    runner.run(group, Json.object(run), entry);
                }
                number++;
            }
        }
    }

    private void begin(String name) {
        allowed = name.equals("extreme") || name.equals("large-scores") ? 10 * tolerance : tolerance;
    }

    /** Pieces of consecutive rows at consecutive positions, all of them behind the padding. */
    private static List<int[]> pieces(VectorGroup group, int entry, int[] rows) {
        List<int[]> pieces = new ArrayList<>();
        int from = rows[0];
        while (from < rows[1]) {
            int to = from + 1;
            while (to < rows[1] && group.positions[to] == group.positions[to - 1] + 1) {
                to++;
            }
            int skipped = Math.max(0, group.padding(entry) - group.positions[from]);
            if (from + skipped < to) {
                pieces.add(new int[] {from + skipped, to});
            }
            from = to;
        }
        return pieces;
    }

    private void search(VectorGroup group, Map<String, @Nullable Object> run, int entry) {
        SpanAttention span = VectorGroup.parameters(run);
        int[] rows = VectorGroup.integers(run.get("rows"));
        Map<String, @Nullable Object> expected = Json.object(run.get("expected"));
        AttentionHeads heads = group.heads;
        int padding = group.padding(entry);
        SpanGeometry geometry = new SpanGeometry(span);
        float[] keys = group.tokens("k", entry, VectorGroup.integer(run, "kv_length"));
        for (int[] piece : pieces(group, entry, rows)) {
            int first = group.positions[piece[0]] - padding;
            Anchors got = kernels.search(heads, geometry, first, group.queries("q", entry, piece[0], piece[1]), keys);
            Expected want = new Expected(expected, heads.queryHeads(), rows[1] - rows[0], span.spans());
            int from = piece[0] - rows[0];
            int to = piece[1] - rows[0];
            exact("anchors", got.positions(), moved(want.integers("qanchor", entry, from, to), padding));
            close("scores", got.scores(), want.reals("values", entry, from, to));
            int[] starts = got.positions().clone();
            for (int i = 0; i < starts.length; i++) {
                int position = first + i / (heads.queryHeads() * span.spans());
                starts[i] = starts[i] < 0 ? -1 : SpanGeometry.spanStart(starts[i], geometry.backward(position));
            }
            exact("starts", starts, moved(want.integers("qstart", entry, from, to), padding));
        }
    }

    private static int[] moved(int[] positions, int padding) {
        return Arrays.stream(positions).map(p -> p < 0 ? -1 : p - padding).toArray();
    }

    private void window(VectorGroup group, Map<String, @Nullable Object> run, int entry) {
        int[] rows = VectorGroup.integers(run.get("rows"));
        Map<String, @Nullable Object> expected = Json.object(run.get("expected"));
        AttentionHeads heads = group.heads;
        SpanGeometry geometry = new SpanGeometry(VectorGroup.parameters(run));
        int end = group.positions[group.positions.length - 1] + 1;
        for (int[] piece : pieces(group, entry, rows)) {
            PartialAttention got = kernels.window(
                    heads,
                    geometry,
                    group.positions[piece[0]] - group.padding(entry),
                    group.queries("q", entry, piece[0], piece[1]),
                    group.tokens("k", entry, end),
                    group.tokens("v", entry, end));
            int from = piece[0] - rows[0];
            int to = piece[1] - rows[0];
            float[] out = group.rows(expected.get("out"), entry, heads.queryHeads(), from, to, heads.headSize());
            close("output", got.output(), out);
            close(
                    "log-sum-exp",
                    got.logSumExp(),
                    group.rows(expected.get("lse"), entry, heads.queryHeads(), from, to, 1));
        }
    }

    private void spans(VectorGroup group, Map<String, @Nullable Object> run, int entry) {
        int[] rows = VectorGroup.integers(run.get("rows"));
        int k = VectorGroup.integer(run, "topk");
        AttentionHeads heads = group.heads;
        int count = rows[1] - rows[0];
        int padding = group.padding(entry);
        int[] starts = integers(group.rows(run.get("qstart"), entry, heads.queryHeads(), 0, count, k));
        int[] ends = integers(group.rows(run.get("qend"), entry, heads.queryHeads(), 0, count, k));
        for (int i = 0; i < starts.length; i++) {
            boolean none = starts[i] < 0 || ends[i] < padding;
            starts[i] = none ? -1 : Math.max(0, starts[i] - padding);
            ends[i] = none ? -1 : ends[i] - padding;
        }
        int end = group.positions[group.positions.length - 1] + 1;
        PartialAttention got = kernels.spans(
                heads,
                k,
                group.queries("q", entry, rows[0], rows[1]),
                group.tokens("k", entry, end),
                group.tokens("v", entry, end),
                starts,
                ends);
        Map<String, @Nullable Object> expected = Json.object(run.get("expected"));
        int size = k * heads.headSize();
        close("output", got.output(), group.rows(expected.get("out"), entry, heads.queryHeads(), 0, count, size));
        close("log-sum-exp", got.logSumExp(), group.rows(expected.get("lse"), entry, heads.queryHeads(), 0, count, k));
    }

    private static int[] integers(float[] values) {
        int[] integers = new int[values.length];
        Arrays.setAll(integers, i -> (int) values[i]);
        return integers;
    }

    private void attend(VectorGroup group, Map<String, @Nullable Object> run, int entry) {
        int[] rows = VectorGroup.integers(run.get("rows"));
        List<int[]> splits = new ArrayList<>();
        splits.add(new int[] {rows[1] - rows[0]});
        if (run.get("chunkings") != null) {
            Json.array(run.get("chunkings")).forEach(split -> splits.add(VectorGroup.integers(split)));
        }
        for (int[] split : splits) {
            int from = rows[0];
            for (int size : split) {
                for (int[] piece : pieces(group, entry, new int[] {from, from + size})) {
                    attend(group, run, entry, rows[0], piece);
                }
                from += size;
            }
        }
    }

    private void attend(VectorGroup group, Map<String, @Nullable Object> run, int entry, int firstRow, int[] piece) {
        AttentionHeads heads = group.heads;
        int end = group.positions[piece[1] - 1] + 1;
        float[] got = kernels.attend(
                heads,
                new SpanGeometry(VectorGroup.parameters(run)),
                group.positions[piece[0]] - group.padding(entry),
                group.queries("q1", entry, piece[0], piece[1]),
                group.queries("q2", entry, piece[0], piece[1]),
                group.tokens("k", entry, end),
                group.tokens("v", entry, end));
        Object out = Json.object(run.get("expected")).get("out");
        int from = piece[0] - firstRow;
        int to = piece[1] - firstRow;
        close("output", got, group.rows(out, entry, heads.queryHeads(), from, to, heads.headSize()));
    }

    private void merge(Map<String, @Nullable Object> json) {
        String name = Json.string(json.get("name"));
        int[] shape = VectorGroup.integers(json.get("shape_B_H_LQ_K_D"));
        AttentionHeads heads = new AttentionHeads(shape[1], 1, shape[4]);
        begin(name);
        for (int entry = 0; entry < shape[0]; entry++) {
            place = "merge.json, case " + name + ", entry " + entry;
            Expected in = new Expected(json, shape[1], shape[2], 1);
            PartialAttention window =
                    new PartialAttention(in.tensor("sw_out", entry, shape[4]), in.tensor("sw_lse", entry, 1));
            PartialAttention spans = new PartialAttention(
                    in.tensor("span_out", entry, shape[3] * shape[4]), in.tensor("span_lse", entry, shape[3]));
            float[] got = kernels.merge(heads, shape[3], window, spans, in.tensor("values", entry, shape[3]));
            Expected want = new Expected(Json.object(json.get("expected")), shape[1], shape[2], 1);
            close("output", got, want.tensor("out", entry, shape[4]));
        }
    }

    /** Tensors [B, H, rows, size] read as [rows, H, size]. */
    private record Expected(Map<String, @Nullable Object> json, int heads, int rows, int size) {
        float[] tensor(String name, int entry, int size) {
            return pick(Json.array(Json.object(json.get(name)).get("data")), entry, 0, rows, size);
        }

        float[] reals(String name, int entry, int from, int to) {
            return pick(Json.array(json.get(name)), entry, from, to, size);
        }

        int[] integers(String name, int entry, int from, int to) {
            return AttentionVectors.integers(reals(name, entry, from, to));
        }

        private float[] pick(List<@Nullable Object> data, int entry, int from, int to, int each) {
            float[] picked = new float[(to - from) * heads * each];
            for (int i = 0; i < picked.length; i++) {
                int row = from + i / (heads * each);
                int head = i / each % heads;
                picked[i] = VectorGroup.real(data.get(((entry * heads + head) * rows + row) * each + i % each));
            }
            return picked;
        }
    }

    private void exact(String what, int[] got, int[] want) {
        compared++;
        int at = Arrays.mismatch(got, want);
        if (at >= 0) {
            report(what + ", number " + at + ": expected " + (at < want.length ? want[at] : "the end") + ", found "
                    + (at < got.length ? got[at] : "the end"));
        }
    }

    private void close(String what, float[] got, float[] want) {
        compared++;
        if (got.length != want.length) {
            report(what + ": expected " + want.length + " numbers, found " + got.length);
            return;
        }
        for (int i = 0; i < want.length; i++) {
            double difference = Math.abs((double) got[i] - want[i]);
            if (got[i] != want[i] && !(difference <= allowed * Math.max(1, Math.abs(want[i])))) {
                report(what + ", number " + i + ": expected " + want[i] + ", found " + got[i]);
                return;
            }
        }
    }

    private void report(String mismatch) {
        if (mismatches.size() < MOST_REPORTED) {
            mismatches.add(place + ": " + mismatch);
        }
    }
}
