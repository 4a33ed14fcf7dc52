package dev.longspan.tvm.runtime;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Where native libraries come from.
 *
 * @param folder where they are unpacked to
 * @param runtime TVM's runtime, in place of the one on the class path; empty for that one
 */
public record NativeOptions(Path folder, Optional<Path> runtime) {
    /** The setting that names the folder. */
    public static final String FOLDER_SETTING = "nativeFolder";

    /** The setting that names the runtime. */
    public static final String RUNTIME_SETTING = "runtimeLibrary";

    /** {@return the folder {@code .cache/longspan} in the user's home, and the runtime on the class path} */
    public static NativeOptions defaults() {
        Path folder = Path.of(System.getProperty("user.home", "."), ".cache", "longspan", TvmRuntime.VERSION);
        return new NativeOptions(folder, Optional.empty());
    }
}
