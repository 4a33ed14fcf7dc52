package dev.longspan.tvm.network;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.Support;
import dev.longspan.tvm.runtime.DeviceMemory;
import dev.longspan.tvm.runtime.KernelCall;
import dev.longspan.tvm.runtime.KernelLibrary;
import dev.longspan.tvm.runtime.KernelTeam;
import java.util.Optional;

/** The kernels for a processor, whose tasks are shared by a team of threads. */
public final class CpuKernels extends KernelSet {
    /** How many outputs of a product one task computes, as the kernels are compiled. */
    private static final int OUTPUTS = 24;

    private static final int MAX_ROWS = 256;
    /** Up to so many rows it does not pay to take several at a time. */
    private static final int STEP_ROWS = 2;

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
    int stepRows() {
        return STEP_ROWS;
    }

    @Override
    long productTasks(long outputs) {
        return (outputs + OUTPUTS - 1) / OUTPUTS;
    }

    @Override
    KernelCall expertProduct(Matrix matrix) {
        return call("expert_product_" + matrix.kind().suffix(), 12);
    }

    @Override
    KernelCall expertStripProduct(Matrix matrix) {
        return call("expert_strip_product_" + matrix.kind().suffix(), 12);
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
    Optional<KernelCall> best(DeviceMemory room) {
        return Optional.empty();
    }
}
