package dev.longspan.reference.kernel;

import java.util.ServiceLoader;

/**
 * Which loops are used, and why.
 *
 * @param kernels the loops
 * @param description what they are, for people
 * @param notice a sentence about what would be faster; empty if nothing would
 */
public record KernelChoice(Kernels kernels, String description, String notice) {
    private static final String MODULE = "jdk.incubator.vector";
    private static final String FLAG = "--add-modules " + MODULE;

    /** {@return the best loops that this Java runtime offers} */
    public static KernelChoice best() {
        if (ModuleLayer.boot().findModule(MODULE).isEmpty()) {
            return new KernelChoice(
                    new PlainKernels(), "plain loops", "start Java with " + FLAG + " for explicit vectors");
        }
        return ServiceLoader.load(Kernels.class, Kernels.class.getClassLoader())
                .findFirst()
                .map(kernels -> new KernelChoice(kernels, "explicit vectors (" + MODULE + ")", ""))
                .orElseGet(KernelChoice::plain);
    }

    /** {@return the plain loops, which run everywhere} */
    public static KernelChoice plain() {
        return new KernelChoice(new PlainKernels(), "plain loops", "");
    }
}
