package dev.longspan.tvm.network;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.Support;
import dev.longspan.tvm.memory.PageOrder;
import dev.longspan.tvm.runtime.DeviceMemory;
import dev.longspan.tvm.runtime.KernelCall;
import dev.longspan.tvm.runtime.KernelLibrary;
import dev.longspan.tvm.runtime.KernelTeam;
import java.util.Optional;

/** The kernels for a processor, whose tasks are shared by a team of threads. */
public final class CpuKernels extends KernelSet {
    private static final int MAX_ROWS = 256;
    /** So many rows and heads attend to their windows together, as the kernels are compiled. */
    private static final int TILE_ROWS = 4;

    private static final int TILE_HEADS = 4;

    private final KernelLibrary library;
    private final KernelTeam team;

    /**
     * Names the kernels of a library.
     *
     * @param team the threads that they run on
     */
    public CpuKernels(KernelLibrary library, KernelTeam team) {
        this.library = library;
        this.team = team;
    }

    @Override
    public KernelTeam runner() {
        return team;
    }

    @Override
    public int maxRows() {
        return MAX_ROWS;
    }

    @Override
    public Support supports(ModelSpec spec) {
        return new Support.Supported();
    }

    @Override
    KernelCall call(String name, int arguments) {
        return library.call(name, arguments, team);
    }

    @Override
    MatrixLayout layout() {
        return MatrixLayout.PANELS;
    }

    @Override
    public PageOrder pageOrder() {
        return PageOrder.BY_HEAD;
    }

    @Override
    long productTasks(long outputs) {
        return MatrixLayout.panels(outputs);
    }

    @Override
    KernelCall product(Matrix matrix) {
        return call("product_" + matrix.kind().suffix(), 10);
    }

    @Override
    KernelCall expertProduct(Matrix matrix) {
        return call("expert_product_" + matrix.kind().suffix(), 12);
    }

    @Override
    long expertTasks(int slots, int experts, int outputs) {
        return experts * productTasks(outputs);
    }

    @Override
    long roomBytes(AttentionHeads heads, int spans, int rows) {
        return 0;
    }

    @Override
    KernelCall search(DeviceMemory room) {
        return call("search", 21);
    }

    @Override
    KernelCall attend(DeviceMemory room) {
        return call("attend", 19);
    }

    @Override
    long attendTasks(int rows, AttentionHeads heads, int pieces) {
        long tiles = parts(rows, TILE_ROWS) * parts(heads.group(), TILE_HEADS) * heads.keyValueHeads();
        return tiles + (long) rows * heads.queryHeads() * (pieces - 1);
    }

    @Override
    Optional<KernelCall> best(DeviceMemory room) {
        return Optional.empty();
    }
}
