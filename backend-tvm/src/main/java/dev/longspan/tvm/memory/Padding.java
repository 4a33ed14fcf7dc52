package dev.longspan.tvm.memory;

/** How kernels want rows: padded by zeros to whole vectors. */
public final class Padding {
    /** How many numbers a vector has, as the kernels are compiled. */
    public static final int LANES = 16;

    private Padding() {}

    /** {@return the length of a row of so many numbers} */
    public static int padded(int size) {
        return Math.multiplyExact(Math.addExact(size, LANES - 1) / LANES, LANES);
    }
}
