package dev.longspan.reference.kernel;

/**
 * Which loops are used, and why.
 *
 * @param kernels the loops
 * @param description what they are, for people
 * @param notice a sentence about what would be faster; empty if nothing would
 */
public record KernelChoice(Kernels kernels, String description, String notice) {
    /** {@return the best loops that this Java runtime offers} */
    public static KernelChoice best() {
        return plain();
    }

    /** {@return the plain loops, which run everywhere} */
    public static KernelChoice plain() {
        return new KernelChoice(new PlainKernels(), "plain loops", "");
    }
}
