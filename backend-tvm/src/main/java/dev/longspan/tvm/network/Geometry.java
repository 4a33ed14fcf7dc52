package dev.longspan.tvm.network;

import dev.longspan.spi.SpanAttention;
import dev.longspan.spi.SpanGeometry;
import dev.longspan.tvm.memory.MemoryAccount;
import dev.longspan.tvm.runtime.DeviceMemory;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where each row of a pass looks: its window, how many stripes it has, and how far a span reaches. Made on the host, since it must be
 * the same on every device. Without parameters, of dense attention: the window is everything.
 */
final class Geometry {
    /** How many arrays a pass has of each. */
    static final int ARRAYS = 4;

    private final @Nullable SpanGeometry geometry;
    private final MemoryAccount account;
    private final int[] numbers;
    private DeviceMemory stripes;
    private int stripesPosition = -1;
    private int tables;
    private @Nullable Sent sent;

    Geometry(@Nullable SpanAttention parameters, int maxRows, MemoryAccount account) {
        this.geometry = parameters == null ? null : new SpanGeometry(parameters);
        this.account = account;
        numbers = new int[maxRows];
        stripes = account.allocateWorkspace("stripes", Integer.BYTES);
    }

    /** Where on the device the numbers of a pass are. */
    private record Sent(
            DeviceMemory.Part rowWindow,
            DeviceMemory.Part rowBackward,
            DeviceMemory.Part rowForward,
            DeviceMemory.Part rowStripes) {}

    private Sent sent() {
        return Objects.requireNonNull(sent, "the pass was not sent");
    }

    /** {@return an upper bound of what it holds} */
    static long bytes(@Nullable SpanAttention parameters, int contextTokens) {
        if (parameters == null) {
            return Integer.BYTES;
        }
        // it is grown to twice as far as needed, what it is taken from may go twice as far again, and both are there
        // for a moment
        long far = Math.min(Integer.MAX_VALUE - 8L, 4L * contextTokens + 128);
        return 2 * Integer.BYTES * (stripesWithin(parameters, far) + 1);
    }

    /** How many stripes lie within a bound. */
    private static long stripesWithin(SpanAttention parameters, long bound) {
        long within = 0;
        long beyond = bound + 1; // a stripe's number is at most its place
        while (beyond - within > 1) {
            long middle = (within + beyond) / 2;
            if (SpanGeometry.stripe(parameters.searchPower(), middle) <= bound) {
                within = middle;
            } else {
                beyond = middle;
            }
        }
        return within;
    }

    /** Of a row's position. */
    private interface OfPosition {
        int number(int position);
    }

    /** Adds where the rows look to what goes to the device with the pass. */
    void upload(Pass pass) {
        SpanGeometry spans = geometry;
        if (spans == null) {
            DeviceMemory.Part zeros = add(pass, position -> 0);
            sent = new Sent(zeros, zeros, zeros, zeros);
            return;
        }
        int first = spans.parameters().windowIndex();
        sent = new Sent(
                add(pass, spans::windowStart),
                add(pass, spans::backward),
                add(pass, spans::forward),
                add(pass, position -> first + spans.anchors(position) - 1));
        if (pass.lastPosition() > stripesPosition) {
            growStripes(spans, pass.lastPosition());
        }
    }

    private DeviceMemory.Part add(Pass pass, OfPosition function) {
        for (int r = 0; r < pass.rows(); r++) {
            numbers[r] = function.number(pass.position(r));
        }
        return pass.others().add(numbers, pass.rows());
    }

    /** The table begins with f(1); it is made for twice as far as it is needed. */
    private void growStripes(SpanGeometry spans, int position) {
        int far = (int) Math.min(Integer.MAX_VALUE - 8L, 2L * position + 64);
        int[] table = spans.stripes(far);
        DeviceMemory grown = account.allocateWorkspace("stripes", (long) Integer.BYTES * Math.max(1, table.length));
        grown.write(0, table, 0, table.length);
        account.freeWorkspace(stripes);
        stripes = grown;
        stripesPosition = far;
        tables++;
    }

    /** {@return how often the table of stripes was made} */
    int tables() {
        return tables;
    }

    /** {@return where in the table the first stripe outside the window is} */
    int firstStripe() {
        return geometry == null ? 0 : geometry.parameters().windowIndex();
    }

    DeviceMemory.Part rowWindow() {
        return sent().rowWindow;
    }

    DeviceMemory.Part rowStripes() {
        return sent().rowStripes;
    }

    DeviceMemory.Part rowBackward() {
        return sent().rowBackward;
    }

    DeviceMemory.Part rowForward() {
        return sent().rowForward;
    }

    DeviceMemory stripes() {
        return stripes;
    }

    void release() {
        account.freeWorkspace(stripes);
    }
}
