package dev.longspan.spi;

/** The data types of stored numbers. */
public enum DType {
    /** bfloat16: the upper half of a float32. */
    BF16(2),
    /** IEEE 754 binary16. */
    F16(2),
    /** IEEE 754 binary32. */
    F32(4);

    private final int bytes;

    DType(int bytes) {
        this.bytes = bytes;
    }

    /** {@return the size of one number in bytes} */
    public int bytes() {
        return bytes;
    }
}
