package dev.longspan.tvm.network;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.Support;
import dev.longspan.tvm.memory.Padding;
import dev.longspan.tvm.memory.PageOrder;
import dev.longspan.tvm.runtime.CudaStream;
import dev.longspan.tvm.runtime.DeviceMemory;
import dev.longspan.tvm.runtime.KernelCall;
import dev.longspan.tvm.runtime.KernelLibrary;
import dev.longspan.tvm.runtime.LaunchCall;
import java.util.Optional;

/**
 * The kernels for GPUs. How many blocks a kernel has follows from its arguments, never from where in a sequence a row is: what is
 * captured as a graph holds for all positions.
 */
public final class CudaKernels extends KernelSet {
    private static final int MAX_ROWS = 2048;
    private static final int STEP_ROWS = 8;

    // as in the kernels
    private static final int WARP = 32;
    private static final int STEP_THREADS = 128;
    private static final int STEP_OUTPUTS = STEP_THREADS / WARP * 2;
    private static final int ROW_THREADS = 128;
    private static final int ROW_OUTPUTS = 4;
    private static final int TILE = 64;
    private static final int MMA_TILE = 128;
    private static final int WIDE = 256;
    private static final int CHANNELS = 64;
    private static final int STEP_WIDTH = 8;
    private static final int SCAN_ROWS = 16;
    private static final int SEARCH_HEADS = 16;
    private static final int SEARCH_SPANS = 64;
    private static final int ATTEND_THREADS = 128;
    private static final int MOST_HEAD_SIZE = 256;
    private static final int MOST_TILE_HEAD_SIZE = 128;
    private static final int PAIRS = 64;
    /** From so many rows on neighbours share what they read. */
    private static final int TILE_ROWS = 16;

    private static final int GATHER_THREADS = 1024;

    /** Up to so many slots of experts each is computed alone. */
    private static final int STEP_SLOTS = 64;
    /** So many blocks keep a GPU busy: where there are fewer, the work is cut into parts. */
    private static final int SEARCH_BLOCKS = 512;

    private static final int SEARCH_PARTS = 32;
    private static final int CONVOLVE_BLOCKS = 4096;
    private static final int CONVOLVE_PARTS = 64;
    private static final int ATTEND_BLOCKS = 2048;
    private static final int ATTEND_PARTS = 64;
    private static final int ANCHOR_BYTES = 8;

    private final KernelLibrary library;
    private final CudaStream stream;

    /**
     * Names the kernels of a library.
     *
     * @param stream where they run
     */
    public CudaKernels(KernelLibrary library, CudaStream stream) {
        this.library = library;
        this.stream = stream;
    }

    @Override
    public CudaStream runner() {
        return stream;
    }

    @Override
    public int maxRows() {
        return MAX_ROWS;
    }

    @Override
    KernelCall call(String name, int arguments) {
        return library.call(name, arguments, stream, plan(name));
    }

    private static LaunchCall.Plan plan(String name) {
        return switch (name) {
            case "convolve" -> CudaKernels::convolve;
            case "scan" -> (call, tasks) -> call.launch(name, tasks * parts(call.integer(11), SCAN_ROWS), WIDE);
            case "ranges" -> (call, tasks) -> call.launch(name, parts(tasks * (call.integer(9) + 1), WIDE), WIDE);
            case "route" -> (call, tasks) -> call.launch(name, tasks, WARP);
            case "gather" -> (call, tasks) -> call.launch(name, tasks, GATHER_THREADS);
            case "combine" -> (call, tasks) -> call.launch(name, tasks * parts(call.integer(7), WIDE), WIDE);
            case "gated_norm", "merge" -> (call, tasks) -> call.launch(name, tasks, STEP_THREADS);
            default -> (call, tasks) -> call.launch(name, tasks, WIDE);
        };
    }

    private static void product(LaunchCall call, String suffix, int tile) {
        long rows = call.integer(3);
        long outputs = call.integer(4);
        if (rows == 1) {
            call.launch("row_product_" + suffix, parts(outputs, ROW_OUTPUTS), ROW_THREADS);
        } else if (rows <= STEP_ROWS) {
            call.launch("step_product_" + suffix, parts(outputs, STEP_OUTPUTS), STEP_THREADS);
        } else {
            call.launch("strip_product_" + suffix, parts(rows, tile) * parts(outputs, tile), WIDE);
        }
    }

    private static void convolve(LaunchCall call, long tasks) {
        if (call.integer(18) == call.integer(7) && call.integer(9) <= STEP_WIDTH) { // a row of each segment
            call.launch("convolve_step", tasks, CHANNELS);
            return;
        }
        long parts = Math.max(1, Math.min(CONVOLVE_PARTS, CONVOLVE_BLOCKS / tasks));
        call.launch("convolve_rows", tasks * parts, CHANNELS, parts);
        call.launch("convolve_keep", tasks, CHANNELS);
    }

    @Override
    MatrixLayout layout() {
        return MatrixLayout.ROWS;
    }

    @Override
    public PageOrder pageOrder() {
        return PageOrder.BY_TOKEN;
    }

    @Override
    long productTasks(long outputs) {
        return outputs;
    }

    @Override
    KernelCall product(Matrix matrix) {
        String suffix = matrix.kind().suffix();
        int tile = tile(matrix);
        return library.call("product_" + suffix, 10, stream, (call, tasks) -> product(call, suffix, tile));
    }

    private static int tile(Matrix matrix) {
        return matrix.kind() == Matrix.Kind.BF16 ? MMA_TILE : TILE;
    }

    @Override
    KernelCall expertProduct(Matrix matrix) {
        String suffix = matrix.kind().suffix();
        int wide = tile(matrix);
        return library.call("expert_product_" + suffix, 12, stream, (call, slots) -> {
            if (slots <= STEP_SLOTS) {
                call.launch("expert_step_" + suffix, slots * parts(call.integer(6), ROW_OUTPUTS), ROW_THREADS);
            } else {
                call.launch("expert_strip_" + suffix, call.integer(5) * parts(call.integer(6), wide), WIDE);
            }
        });
    }

    @Override
    long expertTasks(int slots, int experts, int outputs) {
        return slots;
    }

    private static long searchBlocks(long rows, long keyHeads, long group) {
        return rows * keyHeads * parts(group, SEARCH_HEADS);
    }

    private static long searchParts(long blocks) {
        return Math.max(1, Math.min(SEARCH_PARTS, SEARCH_BLOCKS / blocks));
    }

    /** For which size of heads there is a kernel that takes those of a size. */
    private static int headSize(long paddedHeadSize) {
        for (int size = WARP; size <= MOST_HEAD_SIZE; size *= 2) {
            if (paddedHeadSize <= size) {
                return size;
            }
        }
        throw new IllegalArgumentException(
                "heads: expected a head size of at most " + MOST_HEAD_SIZE + ", found " + paddedHeadSize);
    }

    @Override
    public Support supports(ModelSpec spec) {
        for (int i = 0; i < spec.layers().size(); i++) {
            if (spec.layers().get(i) instanceof LayerSpec.Attention attention
                    && attention.heads().headSize() > MOST_HEAD_SIZE) {
                return new Support.Unsupported(
                        "layers[" + i + "].headSize",
                        "expected at most " + MOST_HEAD_SIZE + ", found "
                                + attention.heads().headSize());
            }
        }
        return new Support.Supported();
    }

    private static long attendParts(long tasks) {
        return Math.max(1, Math.min(ATTEND_PARTS, ATTEND_BLOCKS / tasks));
    }

    @Override
    long roomBytes(AttentionHeads heads, int spans, int rows) {
        long blocks = Math.max(SEARCH_BLOCKS, searchBlocks(rows, heads.keyValueHeads(), heads.group()));
        long searched = spans > SEARCH_SPANS ? 0 : blocks * SEARCH_HEADS * spans * ANCHOR_BYTES;
        long tasks = Math.max(ATTEND_BLOCKS, (long) rows * heads.queryHeads() * (spans + 1));
        return Math.max(searched, tasks * (Padding.padded(heads.headSize()) + 2) * Float.BYTES);
    }

    @Override
    KernelCall search(DeviceMemory room) {
        return library.call("search", 21, stream, (call, tasks) -> {
            if (call.integer(19) > SEARCH_SPANS) {
                call.launch("search_many", tasks, WARP);
                return;
            }
            long blocks = searchBlocks(call.integer(10), call.integer(13), call.integer(12));
            long parts = searchParts(blocks);
            call.launch("search_part", blocks * parts, WIDE, room, parts);
            if (parts > 1) {
                call.launch("search_join", tasks, WARP, room, parts);
            }
        });
    }

    @Override
    long attendTasks(int rows, AttentionHeads heads, int pieces) {
        return (long) rows * heads.queryHeads() * pieces;
    }

    @Override
    KernelCall attend(DeviceMemory room) {
        return library.call("attend", 19, stream, (call, tasks) -> attend(call, tasks, room));
    }

    /** Where there are many rows, the first piece of each, the window, is read by neighbours together. */
    private static void attend(LaunchCall call, long tasks, DeviceMemory room) {
        long rows = call.integer(9);
        long pieces = call.integer(11);
        long group = call.integer(12);
        long paddedHeadSize = call.integer(15);
        boolean tiles = rows >= TILE_ROWS && group <= PAIRS && paddedHeadSize <= MOST_TILE_HEAD_SIZE;
        if (tiles) {
            long blocks = call.integer(13) * parts(rows, (int) (PAIRS / group));
            call.launch("attend_tile_" + headSize(paddedHeadSize), blocks, ATTEND_THREADS);
        }
        int first = tiles ? 1 : 0;
        long left = tasks / pieces * (pieces - first);
        if (left > 0) {
            long parts = attendParts(left);
            call.launch("attend_" + headSize(paddedHeadSize), left * parts, ATTEND_THREADS, room, parts, first);
            call.launch("attend_join", left, ATTEND_THREADS, room, parts, first);
        }
    }

    @Override
    Optional<KernelCall> best(DeviceMemory room) {
        return Optional.of(library.call("best", 5, stream, (call, tasks) -> {
            call.launch("best_part", tasks * BufferSize.BEST_PARTS, WIDE, room, BufferSize.BEST_PARTS);
            call.launch("best_join", tasks, WARP, room, BufferSize.BEST_PARTS);
        }));
    }
}
