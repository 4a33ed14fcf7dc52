package dev.longspan.tvm.network;

import dev.longspan.tvm.runtime.KernelCall;
import dev.longspan.tvm.runtime.KernelLibrary;
import dev.longspan.tvm.runtime.KernelTeam;

/** The compiled kernels of one device, by their meaning. */
public final class KernelSet {
    /** How many outputs of a product one task computes, as the kernels are compiled. */
    static final int OUTPUTS = 24;

    private final KernelLibrary library;
    private final KernelTeam team;

    /**
     * Names the kernels of a library.
     *
     * @param team the threads that they run on
     */
    public KernelSet(KernelLibrary library, KernelTeam team) {
        this.library = library;
        this.team = team;
    }

    private KernelCall call(String name, int arguments) {
        return library.call(name, arguments, team);
    }

    static long outputTasks(int outputs) {
        return (outputs + OUTPUTS - 1L) / OUTPUTS;
    }

    KernelCall embed(Matrix table) {
        return call("embed_" + table.kind().suffix(), 6);
    }

    /** The product of a few rows, for which each weight is read once and used a few times. */
    KernelCall stepProduct(Matrix matrix) {
        return call("step_product_" + matrix.kind().suffix(), 10);
    }

    /** The product of many rows, several at a time. */
    KernelCall stripProduct(Matrix matrix) {
        return call("strip_product_" + matrix.kind().suffix(), 10);
    }

    KernelCall expertProduct(Matrix matrix) {
        return call("expert_product_" + matrix.kind().suffix(), 12);
    }

    KernelCall rmsNorm() {
        return call("rms_norm", 8);
    }

    KernelCall convolve() {
        return call("convolve", 18);
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

    KernelCall search() {
        return call("search", 21);
    }

    KernelCall ranges() {
        return call("ranges", 10);
    }

    KernelCall attend() {
        return call("attend", 19);
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
