package dev.longspan.tvm.network;

import dev.longspan.tvm.memory.MemoryAccount;
import dev.longspan.tvm.memory.SequenceMemory;
import dev.longspan.tvm.runtime.DeviceMemory;
import dev.longspan.tvm.runtime.Upload;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The tokens that go through the network together: a few rows of each of some sequences, and what kernels want to know of them.
 *
 * <p>Recurrent memory, pages and the tables that name them lie anywhere; kernels find them by their distance from the
 * {@linkplain #anchor anchor}.
 */
public final class Pass {
    private final MemoryAccount account;
    private final int maxRows;
    private final DeviceMemory anchor;
    private final Upload upload;
    private final DeviceMemory numbers;

    private final int[] hostIds;
    private final int[] hostSegments;
    private final int[] hostPositions;
    private final int[] firsts;
    private final long[] states;
    private final long[] tables;
    private final List<SequenceMemory> sequences = new ArrayList<>();
    private @Nullable Sent sent;
    private int rows;

    /** Where on the device the numbers of this pass are. */
    private record Sent(
            DeviceMemory.Part ids,
            DeviceMemory.Part rowSegment,
            DeviceMemory.Part rowPosition,
            DeviceMemory.Part segmentFirst,
            DeviceMemory.Part segmentState,
            DeviceMemory.Part segmentPages) {}

    /**
     * Makes an empty pass.
     *
     * @param maxRows the most rows that it takes
     * @param geometries how many kinds of attention there are
     */
    Pass(int maxRows, int geometries, MemoryAccount account) {
        this.account = account;
        this.maxRows = maxRows;
        hostIds = new int[maxRows];
        hostSegments = new int[maxRows];
        hostPositions = new int[maxRows];
        firsts = new int[maxRows + 1];
        states = new long[maxRows];
        tables = new long[maxRows];
        anchor = account.allocateWorkspace("an anchor", Float.BYTES);
        numbers = account.allocateWorkspace("the numbers of a pass", uploadBytes(maxRows, geometries));
        upload = new Upload(numbers);
    }

    private static long uploadBytes(int maxRows, int geometries) {
        return (4 + (long) Geometry.ARRAYS * geometries) * Upload.bytes(maxRows + 1L, Integer.BYTES)
                + 2 * Upload.bytes(maxRows, Long.BYTES);
    }

    /** {@return what it holds} */
    static long bytes(int maxRows, int geometries) {
        return Float.BYTES + uploadBytes(maxRows, geometries);
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

    /** Adds all of it to what goes to the device, as the first. */
    void upload() {
        for (int s = 0; s < sequences.size(); s++) {
            SequenceMemory memory = sequences.get(s);
            DeviceMemory recurrent = memory.recurrent();
            states[s] = recurrent == null ? 0 : recurrent.distance(anchor);
            tables[s] = memory.tableDistance(anchor);
        }
        upload.clear();
        sent = new Sent(
                upload.add(hostIds, rows),
                upload.add(hostSegments, rows),
                upload.add(hostPositions, rows),
                upload.add(firsts, sequences.size() + 1),
                upload.add(states, sequences.size()),
                upload.add(tables, sequences.size()));
    }

    /** {@return what goes to the device with the pass} */
    Upload others() {
        return upload;
    }

    /** Counts the rows as absorbed by their sequences. */
    void advance() {
        for (int s = 0; s < sequences.size(); s++) {
            sequences.get(s).advance(firsts[s + 1] - firsts[s]);
        }
    }

    /** {@return from where distances are counted} */
    public DeviceMemory anchor() {
        return anchor;
    }

    private Sent sent() {
        return Objects.requireNonNull(sent, "the pass was not sent");
    }

    DeviceMemory.Part ids() {
        return sent().ids;
    }

    DeviceMemory.Part rowSegment() {
        return sent().rowSegment;
    }

    DeviceMemory.Part rowPosition() {
        return sent().rowPosition;
    }

    DeviceMemory.Part segmentFirst() {
        return sent().segmentFirst;
    }

    DeviceMemory.Part segmentState() {
        return sent().segmentState;
    }

    /** Where each segment's table of pages begins, in numbers of eight bytes from the anchor. */
    DeviceMemory.Part segmentPages() {
        return sent().segmentPages;
    }

    void release() {
        account.freeWorkspace(anchor);
        account.freeWorkspace(numbers);
    }
}
