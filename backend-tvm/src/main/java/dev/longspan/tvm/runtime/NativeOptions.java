package dev.longspan.tvm.runtime;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
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

    /**
     * {@return the user's folder for what can be made again, and the runtime on the class path} The folder is {@code longspan} in the one
     * that {@code XDG_CACHE_HOME} names, else in {@code .cache} in the user's home.
     */
    public static NativeOptions defaults() {
        return new NativeOptions(
                cache(System.getenv()).resolve("longspan").resolve(TvmRuntime.VERSION), Optional.empty());
    }

    static Path cache(Map<String, String> environment) {
        String named = environment.getOrDefault("XDG_CACHE_HOME", "");
        Path cache = Path.of(System.getProperty("user.home", "."), ".cache");
        try {
            return Path.of(named).isAbsolute() ? Path.of(named) : cache; // a relative one must be ignored
        } catch (InvalidPathException e) {
            return cache;
        }
    }
}
