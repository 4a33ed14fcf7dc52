package dev.longspan.tvm.build;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/** What the compiled kernels were made of: a hash of their sources, and the compilers' versions. */
final class KernelStamp {
    /** The versions of the compilers for processors, which the build's profile {@code kernels} names too. */
    static final String TVM = "tvm 0.18.0-1.5.11, llvm 19.1.3-1.5.11, cpython 3.13.0-1.5.11, numpy 2.1.3-1.5.11";

    /** The compiler for GPUs, as it names itself. */
    static final String NVCC = "Cuda compilation tools, release 13.0, V13.0.88";

    private KernelStamp() {}

    /** {@return the stamp of a folder of sources} */
    static String of(Path sources, String compilers) throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
        digest.update(compilers.getBytes(StandardCharsets.UTF_8));
        List<Path> files;
        try (Stream<Path> all = Files.walk(sources)) {
            files = all.filter(Files::isRegularFile).sorted().toList();
        }
        for (Path file : files) {
            digest.update((byte) '\n');
            digest.update(sources.relativize(file).toString().getBytes(StandardCharsets.UTF_8));
            digest.update((byte) 0);
            digest.update(Files.readAllBytes(file));
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
