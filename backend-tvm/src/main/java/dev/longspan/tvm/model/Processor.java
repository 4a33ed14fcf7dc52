package dev.longspan.tvm.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What kernels for processors are compiled for: levels of x86-64 by the instructions that they have. */
public enum Processor {
    /** With AVX-512. */
    V4("v4", "AVX-512", "avx512f avx512bw avx512cd avx512dq avx512vl " + Processor.LEVEL_3),
    /** With AVX2. */
    V3("v3", "AVX2", Processor.LEVEL_3);

    /** As the system names what level 3 of x86-64 has beyond level 2; abm is lzcnt. */
    private static final String LEVEL_3 = "avx2 bmi1 bmi2 f16c fma abm movbe";

    /** The id of the device. */
    public static final String DEVICE = "cpu";

    private static final Logger LOG = LoggerFactory.getLogger(Processor.class);
    private static final Path DESCRIPTION = Path.of("/proc/cpuinfo");

    private final String name;
    private final String words;
    private final String needed;

    Processor(String name, String words, String needed) {
        this.name = name;
        this.words = words;
        this.needed = needed;
    }

    static Optional<Processor> named(String name) {
        return Arrays.stream(values()).filter(each -> each.name.equals(name)).findFirst();
    }

    /** {@return the best that this machine can run; empty if it can run none} */
    public static Optional<Processor> best() {
        return Arrays.stream(values()).filter(Processor::isHere).findFirst();
    }

    /** {@return whether this machine has the instructions} */
    public boolean isHere() {
        return flags().containsAll(Arrays.asList(needed.split(" ")));
    }

    private static Set<String> flags() {
        try {
            for (String line : Files.readAllLines(DESCRIPTION)) {
                if (line.startsWith("flags")) {
                    return new HashSet<>(Arrays.asList(
                            line.substring(line.indexOf(':') + 1).strip().split(" ")));
                }
            }
        } catch (IOException e) {
            LOG.debug("{} cannot be read", DESCRIPTION, e);
        }
        return Set.of();
    }

    /** {@return the name of the library of kernels} */
    public String library() {
        return "cpu-" + name + ".so";
    }

    /** {@return its instructions in words} */
    public String words() {
        return words;
    }
}
