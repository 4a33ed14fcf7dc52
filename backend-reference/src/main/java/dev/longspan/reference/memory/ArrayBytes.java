package dev.longspan.reference.memory;

/** How many bytes arrays of float take, headers included. */
public final class ArrayBytes {
    private static final int HEADER = 16;
    private static final int REFERENCE = 8;

    private ArrayBytes() {}

    /**
     * {@return the bytes of one array of float}
     *
     * @param length how many elements
     */
    public static long of(long length) {
        return HEADER + (Float.BYTES * length + 7) / 8 * 8;
    }

    /**
     * {@return the bytes of an array of rows}
     *
     * @param rows how many rows
     * @param width how many elements a row has
     */
    public static long of(long rows, long width) {
        return HEADER + rows * (REFERENCE + of(width));
    }
}
