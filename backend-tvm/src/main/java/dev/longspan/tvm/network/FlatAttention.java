package dev.longspan.tvm.network;

import dev.longspan.spi.Anchors;
import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.AttentionKernels;
import dev.longspan.spi.PartialAttention;
import dev.longspan.spi.SpanGeometry;
import dev.longspan.tvm.memory.MemoryAccount;
import dev.longspan.tvm.memory.Padding;
import dev.longspan.tvm.memory.PageOrder;
import dev.longspan.tvm.memory.StateLayout;
import dev.longspan.tvm.runtime.DeviceMemory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntUnaryOperator;
import java.util.function.Supplier;

/** The functions of superlinear attention over plain arrays, by the kernels that a network uses. */
public final class FlatAttention implements AttentionKernels {
    /** The most numbers of a token's queries, or of its keys, some for each head in addition. */
    private static final int MOST_WIDTH = 1 << 18;

    private static final int MOST_NUMBERS = Integer.MAX_VALUE - 8;

    private final KernelSet kernels;
    private final MemoryAccount account;

    /**
     * Makes the functions.
     *
     * @param account where memory is taken for the time of a call
     */
    public FlatAttention(KernelSet kernels, MemoryAccount account) {
        this.kernels = kernels;
        this.account = account;
    }

    private <T> T run(Supplier<T> work) {
        return kernels.runner().run(work);
    }

    /** The memory of one call. */
    private final class Room implements AutoCloseable {
        private final List<DeviceMemory> taken = new ArrayList<>();

        DeviceMemory take(long numbers) {
            DeviceMemory memory = account.allocateWorkspace("attention over arrays", Math.max(64, 4 * numbers));
            taken.add(memory);
            return memory;
        }

        DeviceMemory of(float[] numbers) {
            DeviceMemory memory = take(numbers.length);
            memory.write(0, numbers, 0, numbers.length);
            return memory;
        }

        DeviceMemory of(int[] numbers) {
            DeviceMemory memory = take(numbers.length);
            memory.write(0, numbers, 0, numbers.length);
            return memory;
        }

        DeviceMemory of(long[] numbers) {
            DeviceMemory memory = take(2L * numbers.length);
            memory.write(0, numbers, 0, numbers.length);
            return memory;
        }

        @Override
        public void close() {
            taken.forEach(account::freeWorkspace);
        }
    }

    /** Keys and values as pages, one sequence. */
    private static final class Tokens {
        final DeviceMemory pages;
        final DeviceMemory tables;
        final DeviceMemory segmentPages;
        final DeviceMemory rowSegment;
        final int padded;

        Tokens(Room room, AttentionHeads heads, PageOrder order, int rows, int tokens, float[] keys, float[] values) {
            padded = Padding.padded(heads.headSize());
            int width = heads.keyValueHeads() * padded;
            int page = 2 * StateLayout.PAGE * width;
            int count = (tokens + StateLayout.PAGE - 1) / StateLayout.PAGE;
            pages = room.take(Math.max(1L, count) * page);
            float[] buffer = new float[page];
            long[] offsets = new long[Math.max(1, count)];
            for (int p = 0; p < count; p++) {
                Arrays.fill(buffer, 0f);
                int most = Math.min(StateLayout.PAGE, tokens - p * StateLayout.PAGE);
                for (int i = 0; i < most * heads.keyValueHeads(); i++) {
                    int from = (p * StateLayout.PAGE * heads.keyValueHeads() + i) * heads.headSize();
                    int to = order.vector(heads.keyValueHeads(), i / heads.keyValueHeads(), i % heads.keyValueHeads())
                            * padded;
                    System.arraycopy(keys, from, buffer, to, heads.headSize());
                    System.arraycopy(values, from, buffer, StateLayout.PAGE * width + to, heads.headSize());
                }
                offsets[p] = (long) p * page;
                pages.write(Float.BYTES * offsets[p], buffer, 0, page);
            }
            tables = room.of(offsets);
            segmentPages = room.of(new long[1]);
            rowSegment = room.of(new int[rows]);
        }
    }

    /** Queries with room behind the last head, from which whole vectors are read. */
    private static DeviceMemory queries(Room room, AttentionHeads heads, String name, float[] queries) {
        int width = heads.queryHeads() * heads.headSize();
        int stride = stride(heads);
        float[] spaced = new float[count(name, queries.length / width, stride)];
        for (int r = 0; r < queries.length / width; r++) {
            System.arraycopy(queries, r * width, spaced, r * stride, width);
        }
        return room.of(spaced);
    }

    private static int stride(AttentionHeads heads) {
        return Padding.padded(heads.queryHeads() * heads.headSize()) + Padding.LANES;
    }

    private static int[] perRow(int rows, IntUnaryOperator function) {
        int[] numbers = new int[rows];
        Arrays.setAll(numbers, function);
        return numbers;
    }

    private static int[] ints(DeviceMemory memory, int count) {
        int[] numbers = new int[count];
        memory.read(0, numbers, 0, count);
        return numbers;
    }

    private static float[] floats(DeviceMemory memory, int count) {
        float[] numbers = new float[count];
        memory.read(0, numbers, 0, count);
        return numbers;
    }

    @Override
    public Anchors search(
            AttentionHeads heads, SpanGeometry geometry, int firstPosition, float[] searchQueries, float[] keys) {
        int rows = rows(heads, "searchQueries", searchQueries);
        int tokens = tokens(heads, "keys", keys);
        requirePositions(firstPosition, rows, tokens);
        int count =
                count("anchors", rows, heads.queryHeads(), geometry.parameters().spans());
        return run(() -> {
            try (Room room = new Room()) {
                Tokens stored = new Tokens(room, heads, kernels.pageOrder(), rows, tokens, keys, keys);
                DeviceMemory anchors = room.take(count);
                DeviceMemory scores = room.take(count);
                search(room, stored, heads, geometry, firstPosition, rows, searchQueries, anchors, scores);
                return new Anchors(ints(anchors, count), floats(scores, count));
            }
        });
    }

    private void search(
            Room room,
            Tokens stored,
            AttentionHeads heads,
            SpanGeometry geometry,
            int firstPosition,
            int rows,
            float[] searchQueries,
            DeviceMemory anchors,
            DeviceMemory scores) {
        int first = geometry.parameters().windowIndex();
        int spans = geometry.parameters().spans();
        kernels.search(room.take(kernels.roomBytes(heads, spans, rows) / Float.BYTES))
                .memory(0, queries(room, heads, "searchQueries", searchQueries))
                .memory(1, stored.pages)
                .memory(2, stored.tables)
                .memory(3, stored.segmentPages)
                .memory(4, stored.rowSegment)
                .memory(5, room.of(perRow(rows, r -> firstPosition + r)))
                .memory(6, room.of(perRow(rows, r -> first + geometry.anchors(firstPosition + r) - 1)))
                .memory(7, room.of(geometry.stripes(firstPosition + rows)))
                .memory(8, anchors)
                .memory(9, scores)
                .integer(10, rows)
                .integer(11, heads.queryHeads())
                .integer(12, heads.group())
                .integer(13, heads.keyValueHeads())
                .integer(14, heads.headSize())
                .integer(15, stored.padded)
                .integer(16, stride(heads))
                .integer(17, 0)
                .integer(18, first)
                .integer(19, spans)
                .number(20, geometry.parameters().searchScale())
                .run((long) rows * heads.queryHeads());
    }

    private void attend(
            Room room,
            Tokens stored,
            AttentionHeads heads,
            int rows,
            int pieces,
            float[] queries,
            DeviceMemory starts,
            DeviceMemory ends,
            DeviceMemory outputs,
            DeviceMemory logSums) {
        kernels.attend(room.take(kernels.roomBytes(heads, pieces - 1, rows) / Float.BYTES))
                .memory(0, queries(room, heads, "queries", queries))
                .memory(1, stored.pages)
                .memory(2, stored.tables)
                .memory(3, stored.segmentPages)
                .memory(4, stored.rowSegment)
                .memory(5, starts)
                .memory(6, ends)
                .memory(7, outputs)
                .memory(8, logSums)
                .integer(9, rows)
                .integer(10, heads.queryHeads())
                .integer(11, pieces)
                .integer(12, heads.group())
                .integer(13, heads.keyValueHeads())
                .integer(14, heads.headSize())
                .integer(15, stored.padded)
                .integer(16, stride(heads))
                .integer(17, 0)
                .number(18, 1 / Math.sqrt(heads.headSize()))
                .run(kernels.attendTasks(rows, heads, pieces));
    }

    /** Attention to given pieces, its outputs without padding. */
    private PartialAttention attend(
            AttentionHeads heads,
            int pieces,
            float[] queries,
            float[] keys,
            float[] values,
            int tokens,
            int[] starts,
            int[] ends) {
        int rows = starts.length / pieces / heads.queryHeads();
        int numbers = count("outputs", starts.length, Padding.padded(heads.headSize()));
        return run(() -> {
            try (Room room = new Room()) {
                Tokens stored = new Tokens(room, heads, kernels.pageOrder(), rows, tokens, keys, values);
                DeviceMemory outputs = room.take((long) starts.length * stored.padded);
                DeviceMemory logSums = room.take(starts.length);
                attend(room, stored, heads, rows, pieces, queries, room.of(starts), room.of(ends), outputs, logSums);
                float[] padded = floats(outputs, numbers);
                float[] output = new float[starts.length * heads.headSize()];
                for (int i = 0; i < starts.length; i++) {
                    System.arraycopy(padded, i * stored.padded, output, i * heads.headSize(), heads.headSize());
                }
                return new PartialAttention(output, floats(logSums, starts.length));
            }
        });
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
        int count = rows * heads.queryHeads();
        int[] starts = perRow(count, i -> geometry.windowStart(firstPosition + i / heads.queryHeads()));
        int[] ends = perRow(count, i -> firstPosition + i / heads.queryHeads());
        return attend(heads, 1, queries, keys, values, tokens, starts, ends);
    }

    @Override
    public PartialAttention spans(
            AttentionHeads heads, int spans, float[] queries, float[] keys, float[] values, int[] starts, int[] ends) {
        int rows = rows(heads, "queries", queries);
        int tokens = tokens(heads, keys, values);
        int count = count("starts", rows, heads.queryHeads(), requireSpans(spans));
        requireLength("starts", count, starts.length);
        requireLength("ends", count, ends.length);
        int[] firsts = starts.clone();
        int[] lasts = ends.clone();
        for (int i = 0; i < count; i++) {
            if (starts[i] < 0) { // there is no such span
                firsts[i] = 0;
                lasts[i] = -1;
            } else if (ends[i] >= tokens) {
                throw new IllegalArgumentException(
                        "ends[" + i + "]: expected below " + tokens + " tokens, found " + ends[i]);
            }
        }
        return attend(heads, spans, queries, keys, values, tokens, firsts, lasts);
    }

    @Override
    public float[] merge(
            AttentionHeads heads, int spans, PartialAttention window, PartialAttention spanOutputs, float[] scores) {
        int rows = rows(heads, "window.output", window.output());
        int size = heads.headSize();
        int queries = rows * heads.queryHeads();
        int count = count("scores", queries, requireSpans(spans));
        requireLength("window.logSumExp", queries, window.logSumExp().length);
        requireLength("spanOutputs.output", count("spanOutputs.output", count, size), spanOutputs.output().length);
        requireLength("spanOutputs.logSumExp", count, spanOutputs.logSumExp().length);
        requireLength("scores", count, scores.length);
        int padded = Padding.padded(size);
        int pieces = spans + 1;
        float[] outputs = new float[count("outputs", queries, spans + 1L, padded)];
        float[] logSums = new float[queries * pieces];
        for (int q = 0; q < queries; q++) {
            System.arraycopy(window.output(), q * size, outputs, q * pieces * padded, size);
            logSums[q * pieces] = window.logSumExp()[q];
            for (int j = 0; j < spans; j++) {
                System.arraycopy(
                        spanOutputs.output(), (q * spans + j) * size, outputs, (q * pieces + 1 + j) * padded, size);
                logSums[q * pieces + 1 + j] = spanOutputs.logSumExp()[q * spans + j];
            }
        }
        return run(() -> {
            try (Room room = new Room()) {
                return merged(room, heads, rows, spans, room.of(outputs), room.of(logSums), room.of(scores));
            }
        });
    }

    private float[] merged(
            Room room,
            AttentionHeads heads,
            int rows,
            int spans,
            DeviceMemory outputs,
            DeviceMemory logSums,
            DeviceMemory scores) {
        int width = heads.queryHeads() * heads.headSize();
        DeviceMemory joined = room.take((long) rows * width);
        kernels.merge()
                .memory(0, outputs)
                .memory(1, logSums)
                .memory(2, scores)
                .memory(3, joined)
                .integer(4, rows)
                .integer(5, heads.queryHeads())
                .integer(6, spans)
                .integer(7, heads.headSize())
                .integer(8, Padding.padded(heads.headSize()))
                .integer(9, width)
                .run((long) rows * heads.queryHeads());
        return floats(joined, rows * width);
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
        int spans = geometry.parameters().spans();
        int count = rows * heads.queryHeads();
        count("outputs", count, spans + 1L, Padding.padded(heads.headSize()));
        return run(() -> {
            try (Room room = new Room()) {
                Tokens stored = new Tokens(room, heads, kernels.pageOrder(), rows, tokens, keys, values);
                DeviceMemory anchors = room.take((long) count * spans);
                DeviceMemory scores = room.take((long) count * spans);
                search(room, stored, heads, geometry, firstPosition, rows, searchQueries, anchors, scores);
                DeviceMemory starts = room.take(count * (spans + 1L));
                DeviceMemory ends = room.take(count * (spans + 1L));
                kernels.ranges()
                        .memory(0, anchors)
                        .memory(1, room.of(perRow(rows, r -> firstPosition + r)))
                        .memory(2, room.of(perRow(rows, r -> geometry.windowStart(firstPosition + r))))
                        .memory(3, room.of(perRow(rows, r -> geometry.backward(firstPosition + r))))
                        .memory(4, room.of(perRow(rows, r -> geometry.forward(firstPosition + r))))
                        .memory(5, starts)
                        .memory(6, ends)
                        .integer(7, rows)
                        .integer(8, heads.queryHeads())
                        .integer(9, spans)
                        .run(count);
                DeviceMemory outputs = room.take(count * (spans + 1L) * stored.padded);
                DeviceMemory logSums = room.take(count * (spans + 1L));
                attend(room, stored, heads, rows, spans + 1, queries, starts, ends, outputs, logSums);
                return merged(room, heads, rows, spans, outputs, logSums, scores);
            }
        });
    }

    private static int rows(AttentionHeads heads, String name, float[] queries) {
        return parts(name, queries, width("queryHeads", heads.queryHeads(), heads));
    }

    private static int tokens(AttentionHeads heads, String name, float[] keys) {
        return parts(name, keys, width("keyValueHeads", heads.keyValueHeads(), heads));
    }

    /** How many numbers some heads have together; a page of twice 128 tokens of them must be an array. */
    private static int width(String name, int count, AttentionHeads heads) {
        long width = (long) count * (heads.headSize() + (long) Padding.LANES);
        if (width > MOST_WIDTH) {
            throw new IllegalArgumentException("heads: expected " + name + " x headSize of at most " + MOST_WIDTH
                    + " with " + Padding.LANES + " more for each head, found " + count + " x " + heads.headSize());
        }
        return count * heads.headSize();
    }

    private static int parts(String name, float[] numbers, int width) {
        if (numbers.length % width != 0) {
            throw new IllegalArgumentException(
                    name + ": expected a multiple of " + width + " numbers, found " + numbers.length);
        }
        return numbers.length / width;
    }

    /** The product of sizes, which are not negative, if an array can have so many numbers. */
    private static int count(String name, long... sizes) {
        long product = 1;
        for (long size : sizes) {
            product *= size; // both below 2^31
            if (product > MOST_NUMBERS) {
                throw new IllegalArgumentException(
                        name + ": expected at most " + MOST_NUMBERS + " numbers, found " + Arrays.toString(sizes));
            }
        }
        return (int) product;
    }

    private static int tokens(AttentionHeads heads, float[] keys, float[] values) {
        requireLength("values", keys.length, values.length);
        return tokens(heads, "keys", keys);
    }

    private static int requireSpans(int spans) {
        if (spans < 1) {
            throw new IllegalArgumentException("spans: expected at least 1, found " + spans);
        }
        return spans;
    }

    private static void requirePositions(int firstPosition, int rows, int tokens) {
        if (firstPosition < 0 || firstPosition > tokens - rows) {
            throw new IllegalArgumentException("firstPosition: expected 0 to " + (tokens - rows) + " for " + rows
                    + " rows and " + tokens + " tokens, found " + firstPosition);
        }
    }

    private static void requireLength(String name, int expected, int found) {
        if (expected != found) {
            throw new IllegalArgumentException(name + ": expected " + expected + " numbers, found " + found);
        }
    }
}
