package dev.longspan.tvm.runtime;

/**
 * A device as TVM numbers it.
 *
 * @param kind what it is
 * @param index which of its kind, from 0
 */
public record TvmDevice(Kind kind, int index) {
    /** The processor. */
    public static final TvmDevice CPU = new TvmDevice(Kind.CPU, 0);

    /** What a device is. */
    public enum Kind {
        /** The processor. */
        CPU(1),
        /** A GPU that speaks CUDA. */
        CUDA(2);

        private final int number;

        Kind(int number) {
            this.number = number;
        }

        int number() {
            return number;
        }
    }

    /** {@return kind and index as one number, the way they are handed over} */
    long packed() {
        return kind.number | (long) index << 32;
    }
}
