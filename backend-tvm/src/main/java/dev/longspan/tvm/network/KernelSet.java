package dev.longspan.tvm.network;

import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.Support;
import dev.longspan.tvm.memory.PageOrder;
import dev.longspan.tvm.runtime.DeviceMemory;
import dev.longspan.tvm.runtime.KernelCall;
import dev.longspan.tvm.runtime.KernelRunner;
import java.util.Optional;

/** The compiled kernels of one device, by their meaning. */
public abstract sealed class KernelSet permits CpuKernels, CudaKernels {
    KernelSet() {}

    /** {@return where they run} */
    public abstract KernelRunner runner();

    /** {@return the most rows of a pass} */
    public abstract int maxRows();

    /** {@return whether they can compute a network} */
    public abstract Support supports(ModelSpec spec);

    abstract KernelCall call(String name, int arguments);

    /** {@return how many parts of a size a whole has, the last one maybe smaller} */
    static long parts(long whole, int size) {
        return (whole + size - 1) / size;
    }

    /** {@return how matrices lie for them} */
    abstract MatrixLayout layout();

    /** {@return how keys and values lie for them} */
    public abstract PageOrder pageOrder();

    /** {@return how many tasks a product has} */
    abstract long productTasks(long outputs);

    /** The product of rows. */
    abstract KernelCall product(Matrix matrix);

    /** The product of rows that are sorted by expert. */
    abstract KernelCall expertProduct(Matrix matrix);

    /** {@return how many tasks the product of experts has for so many slots} */
    abstract long expertTasks(int slots, int experts, int outputs);

    /** {@return the bytes of room that the kernels of attention want for so many rows} */
    abstract long roomBytes(AttentionHeads heads, int spans, int rows);

    /**
     * The search for anchors.
     *
     * @param room what it may write to meanwhile
     */
    abstract KernelCall search(DeviceMemory room);

    /**
     * Attention to pieces.
     *
     * @param room what it may write to meanwhile
     */
    abstract KernelCall attend(DeviceMemory room);

    /** {@return how many tasks attention of so many rows to so many pieces each has} */
    abstract long attendTasks(int rows, AttentionHeads heads, int pieces);

    /**
     * {@return the search for each row's best logit; empty where the host does that as well}
     *
     * @param room what it may write to meanwhile
     */
    abstract Optional<KernelCall> best(DeviceMemory room);

    KernelCall embed(Matrix table) {
        return call("embed_" + table.kind().suffix(), 6);
    }

    KernelCall rmsNorm() {
        return call("rms_norm", 8);
    }

    KernelCall convolve() {
        return call("convolve", 19);
    }

    KernelCall scan() {
        return call("scan", 22);
    }

    KernelCall gatedNorm() {
        return call("gated_norm", 9);
    }

    KernelCall storeKeys() {
        return call("store_keys", 13);
    }

    KernelCall ranges() {
        return call("ranges", 10);
    }

    KernelCall merge() {
        return call("merge", 10);
    }

    KernelCall route() {
        return call("route", 13);
    }

    KernelCall gather() {
        return call("gather", 7);
    }

    KernelCall combine() {
        return call("combine", 9);
    }
}
