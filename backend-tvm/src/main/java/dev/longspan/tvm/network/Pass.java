package dev.longspan.tvm.network;

import dev.longspan.tvm.memory.MemoryAccount;
import dev.longspan.tvm.memory.SequenceMemory;
import dev.longspan.tvm.memory.StateLayout;
import dev.longspan.tvm.runtime.DeviceMemory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The tokens that go through the network together: a few rows of each of some sequences, and what kernels want to know of them.
 *
 * <p>Pages and recurrent memory lie anywhere; kernels find them by their distance from the {@linkplain #anchor anchor}.
 */
public final class Pass {
    private final MemoryAccount account;
    private final int maxRows;
    private final DeviceMemory anchor;
    private final DeviceMemory ids;
    private final DeviceMemory rowSegment;
    private final DeviceMemory rowPosition;
    private final DeviceMemory segmentFirst;
    private final DeviceMemory segmentState;
    private final DeviceMemory segmentPages;
    private DeviceMemory tables;

    private final int[] hostIds;
    private final int[] hostSegments;
    private final int[] hostPositions;
    private final int[] firsts;
    private final long[] states;
    private final long[] pageStarts;
    private final List<SequenceMemory> sequences = new ArrayList<>();
    private long[] pages = new long[64];
    private int rows;

    /**
     * Makes an empty pass.
     *
     * @param maxRows the most rows that it takes
     */
    Pass(int maxRows, MemoryAccount account) {
        this.account = account;
        this.maxRows = maxRows;
        hostIds = new int[maxRows];
        hostSegments = new int[maxRows];
        hostPositions = new int[maxRows];
        firsts = new int[maxRows + 1];
        states = new long[maxRows];
        pageStarts = new long[maxRows];
        anchor = account.allocateWorkspace("an anchor", Float.BYTES);
        ids = ints();
        rowSegment = ints();
        rowPosition = ints();
        segmentFirst = ints();
        segmentState = longs(maxRows);
        segmentPages = longs(maxRows);
        tables = longs(pages.length);
    }

    private DeviceMemory ints() {
        return account.allocateWorkspace("rows", Integer.BYTES * (maxRows + 1L));
    }

    private DeviceMemory longs(int count) {
        return account.allocateWorkspace("tables of pages", Long.BYTES * (long) count);
    }

    /** {@return an upper bound of what it holds} */
    static long bytes(int maxRows, int runs, int contextTokens) {
        long pages = (long) Math.min(runs, maxRows) * (contextTokens / StateLayout.PAGE + 1L);
        return Float.BYTES
                + 4L * Integer.BYTES * (maxRows + 1L)
                + 2L * Long.BYTES * maxRows
                + Long.BYTES * Math.max(64, 2 * pages);
    }

    /** {@return the most rows of one pass; larger batches are cut} */
    public int maxRows() {
        return maxRows;
    }

    /** Empties the pass. */
    public void clear() {
        sequences.clear();
        rows = 0;
    }

    /** Begins the rows of another sequence, which is not yet part of the pass. */
    public void begin(SequenceMemory memory) {
        firsts[sequences.size()] = rows;
        sequences.add(memory);
        firsts[sequences.size()] = rows;
    }

    /** Adds a token to the sequence begun last. */
    public void add(int id) {
        int segment = sequences.size() - 1;
        hostIds[rows] = id;
        hostSegments[rows] = segment;
        hostPositions[rows] = sequences.get(segment).length() + rows - firsts[segment];
        rows++;
        firsts[segment + 1] = rows;
    }

    /** {@return how many rows there are} */
    public int rows() {
        return rows;
    }

    int segments() {
        return sequences.size();
    }

    int position(int row) {
        return hostPositions[row];
    }

    /** {@return the largest position of any row} */
    int lastPosition() {
        int last = 0;
        for (int r = 0; r < rows; r++) {
            last = Math.max(last, hostPositions[r]);
        }
        return last;
    }

    /** Brings all of it to the device. */
    void upload() {
        int count = 0;
        for (int s = 0; s < sequences.size(); s++) {
            SequenceMemory memory = sequences.get(s);
            DeviceMemory recurrent = memory.recurrent();
            states[s] = recurrent == null ? 0 : recurrent.distance(anchor);
            pageStarts[s] = count;
            if (count + memory.pageCount() > pages.length) {
                pages = Arrays.copyOf(pages, Math.max(count + memory.pageCount(), 2 * pages.length));
            }
            for (int p = 0; p < memory.pageCount(); p++) {
                pages[count++] = memory.page(p).distance(anchor);
            }
        }
        if ((long) count * Long.BYTES > tables.bytes()) {
            account.freeWorkspace(tables);
            tables = longs(pages.length);
        }
        ids.write(0, hostIds, 0, rows);
        rowSegment.write(0, hostSegments, 0, rows);
        rowPosition.write(0, hostPositions, 0, rows);
        segmentFirst.write(0, firsts, 0, sequences.size() + 1);
        segmentState.write(0, states, 0, sequences.size());
        segmentPages.write(0, pageStarts, 0, sequences.size());
        tables.write(0, pages, 0, count);
    }

    /** Counts the rows as absorbed by their sequences. */
    void advance() {
        for (int s = 0; s < sequences.size(); s++) {
            sequences.get(s).advance(firsts[s + 1] - firsts[s]);
        }
    }

    DeviceMemory anchor() {
        return anchor;
    }

    DeviceMemory ids() {
        return ids;
    }

    DeviceMemory rowSegment() {
        return rowSegment;
    }

    DeviceMemory rowPosition() {
        return rowPosition;
    }

    DeviceMemory segmentFirst() {
        return segmentFirst;
    }

    DeviceMemory segmentState() {
        return segmentState;
    }

    DeviceMemory segmentPages() {
        return segmentPages;
    }

    DeviceMemory tables() {
        return tables;
    }

    void release() {
        for (DeviceMemory each :
                List.of(anchor, ids, rowSegment, rowPosition, segmentFirst, segmentState, segmentPages, tables)) {
            account.freeWorkspace(each);
        }
    }
}
