package dev.longspan.spi;

/** The arithmetic of a backend, which decides the tolerance its results are judged by. */
public enum NumericMode {
    /** Products and sums in float32. */
    F32,
    /** Operands of matrix products rounded to bfloat16, sums in float32. */
    BF16,
    /** Operands of matrix products rounded to float16, sums in float32. */
    F16
}
