package dev.longspan.tvm.network;

import dev.longspan.spi.SpanAttention;
import dev.longspan.spi.SpanGeometry;
import dev.longspan.tvm.memory.MemoryAccount;
import dev.longspan.tvm.runtime.DeviceMemory;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where each row of a pass looks: its window, how many stripes it has, and how far a span reaches. Made on the host, since it must be
 * the same on every device. Without parameters, of dense attention: the window is everything.
 */
final class Geometry {
    private final @Nullable SpanGeometry geometry;
    private final MemoryAccount account;
    private final DeviceMemory rowWindow;
    private final DeviceMemory rowStripes;
    private final DeviceMemory rowBackward;
    private final DeviceMemory rowForward;
    private final int[] numbers;
    private DeviceMemory stripes;
    private int stripesPosition = -1;

    Geometry(@Nullable SpanAttention parameters, int maxRows, MemoryAccount account) {
        this.geometry = parameters == null ? null : new SpanGeometry(parameters);
        this.account = account;
        numbers = new int[maxRows];
        rowWindow = rows();
        rowStripes = rows();
        rowBackward = rows();
        rowForward = rows();
        stripes = account.allocateWorkspace("stripes", Integer.BYTES);
    }

    private DeviceMemory rows() {
        return account.allocateWorkspace("where rows look", (long) Integer.BYTES * numbers.length);
    }

    /** {@return an upper bound of what it holds} */
    static long bytes(@Nullable SpanAttention parameters, int maxRows, int contextTokens) {
        // it is grown to twice as far as needed, and what it is taken from may go twice as far again
        int far = (int) Math.min(Integer.MAX_VALUE - 8L, 4L * contextTokens + 128);
        long table = parameters == null ? 1 : new SpanGeometry(parameters).stripes(far).length;
        return 4L * Integer.BYTES * maxRows + Integer.BYTES * table;
    }

    /** Of a row's position. */
    private interface OfPosition {
        int number(int position);
    }

    void upload(Pass pass) {
        SpanGeometry spans = geometry;
        if (spans == null) {
            write(pass, rowWindow, position -> 0);
            write(pass, rowBackward, position -> 0);
            write(pass, rowForward, position -> 0);
            return;
        }
        write(pass, rowWindow, spans::windowStart);
        write(pass, rowBackward, spans::backward);
        write(pass, rowForward, spans::forward);
        int first = spans.parameters().windowIndex();
        write(pass, rowStripes, position -> first + spans.anchors(position) - 1);
        if (pass.lastPosition() > stripesPosition) {
            growStripes(spans, pass.lastPosition());
        }
    }

    private void write(Pass pass, DeviceMemory target, OfPosition function) {
        for (int r = 0; r < pass.rows(); r++) {
            numbers[r] = function.number(pass.position(r));
        }
        target.write(0, numbers, 0, pass.rows());
    }

    /** The table begins with f(1); it is made for twice as far as it is needed. */
    private void growStripes(SpanGeometry spans, int position) {
        int far = (int) Math.min(Integer.MAX_VALUE - 8L, 2L * position + 64);
        int[] table = spans.stripes(far);
        account.freeWorkspace(stripes);
        stripes = account.allocateWorkspace("stripes", (long) Integer.BYTES * Math.max(1, table.length));
        stripes.write(0, table, 0, table.length);
        stripesPosition = far;
    }

    /** {@return where in the table the first stripe outside the window is} */
    int firstStripe() {
        return geometry == null ? 0 : geometry.parameters().windowIndex();
    }

    DeviceMemory rowWindow() {
        return rowWindow;
    }

    DeviceMemory rowStripes() {
        return rowStripes;
    }

    DeviceMemory rowBackward() {
        return rowBackward;
    }

    DeviceMemory rowForward() {
        return rowForward;
    }

    DeviceMemory stripes() {
        return stripes;
    }

    void release() {
        for (DeviceMemory each : List.of(rowWindow, rowStripes, rowBackward, rowForward, stripes)) {
            account.freeWorkspace(each);
        }
    }
}
