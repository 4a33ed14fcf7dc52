package dev.longspan.tvm.model;

import dev.longspan.spi.Availability;
import dev.longspan.spi.BackendOptions;
import dev.longspan.tvm.runtime.NativeOptions;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The settings of {@link BackendOptions} that this backend knows.
 *
 * @param memoryLimitBytes the most bytes of weights, states and checkpoints
 * @param processor for which processors the kernels are compiled; empty for the best that this one can run
 * @param natives where native libraries come from
 */
public record TvmSettings(long memoryLimitBytes, Optional<Processor> processor, NativeOptions natives) {
    private static final String MEMORY_LIMIT = "memoryLimitBytes";
    private static final String KERNELS = "kernels";
    private static final String AUTO = "auto";
    private static final List<String> KNOWN =
            List.of(KERNELS, MEMORY_LIMIT, NativeOptions.FOLDER_SETTING, NativeOptions.RUNTIME_SETTING);

    /** Says what is wrong with some options, or answers null. */
    public static Availability.@Nullable Unavailable problem(BackendOptions options) {
        String device = options.device();
        boolean cuda = isCuda(device);
        if (!cuda && !device.equals(BackendOptions.ANY_DEVICE) && !device.equals(Processor.DEVICE)) {
            return new Availability.Unavailable(
                    "unknown device '" + device + "'",
                    "this backend knows the devices '" + Processor.DEVICE + "' and '" + CudaTarget.DEVICE + "'",
                    "choose one of them, a GPU by its number such as '" + CudaTarget.DEVICE + ":1', or '"
                            + BackendOptions.ANY_DEVICE + "', or another backend");
        }
        if (cuda && options.settings().containsKey(KERNELS)) {
            return wrong(KERNELS, options.settings().get(KERNELS), "leave it away: it is for processors");
        }
        TreeSet<String> unknown = new TreeSet<>(options.settings().keySet());
        KNOWN.forEach(unknown::remove);
        if (!unknown.isEmpty()) {
            return new Availability.Unavailable(
                    "unknown setting '" + unknown.first() + "'", "this backend knows " + KNOWN, "remove the setting");
        }
        return valueProblem(options.settings());
    }

    private static boolean isCuda(String device) {
        return device.matches(CudaTarget.DEVICE + "(:[0-9]{1,4})?");
    }

    /** {@return whether a GPU may be chosen: none of them if kernels for processors are asked for} */
    public static boolean mayBeCuda(BackendOptions options) {
        return isCuda(options.device())
                || (options.device().equals(BackendOptions.ANY_DEVICE)
                        && !options.settings().containsKey(KERNELS));
    }

    /** {@return whether a GPU answers to the device that was asked for} */
    public static boolean isMeant(BackendOptions options, Target gpu) {
        String device = options.device();
        return !device.contains(":") || device.equals(gpu.device().id());
    }

    private static Availability.@Nullable Unavailable valueProblem(Map<String, String> settings) {
        String limit = settings.getOrDefault(MEMORY_LIMIT, "1");
        if (!limit.matches("[0-9]{1,18}")) {
            return wrong(MEMORY_LIMIT, limit, "give a whole number of bytes");
        }
        String kernels = settings.getOrDefault(KERNELS, AUTO);
        if (!kernels.equals(AUTO) && Processor.named(kernels).isEmpty()) {
            return wrong(KERNELS, kernels, "give '" + AUTO + "', 'v3' or 'v4'");
        }
        for (String path : List.of(NativeOptions.FOLDER_SETTING, NativeOptions.RUNTIME_SETTING)) {
            if (path(settings.getOrDefault(path, "")).isEmpty()) {
                return wrong(path, String.valueOf(settings.get(path)), "give a path that this system can write");
            }
        }
        return null;
    }

    private static Optional<Path> path(String text) {
        try {
            return Optional.of(Path.of(text));
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    private static Availability.Unavailable wrong(String setting, String found, String remedy) {
        return new Availability.Unavailable("setting '" + setting + "'", "found '" + found + "'", remedy);
    }

    /** Reads options that have no {@linkplain #problem problem}. */
    public static TvmSettings of(BackendOptions options) {
        Map<String, String> settings = options.settings();
        String limit = settings.get(MEMORY_LIMIT);
        NativeOptions natives = NativeOptions.defaults();
        String folder = settings.get(NativeOptions.FOLDER_SETTING);
        String runtime = settings.get(NativeOptions.RUNTIME_SETTING);
        return new TvmSettings(
                limit == null ? Long.MAX_VALUE : Long.parseLong(limit),
                Processor.named(settings.getOrDefault(KERNELS, AUTO)),
                new NativeOptions(
                        Optional.ofNullable(folder).flatMap(TvmSettings::path).orElse(natives.folder()),
                        Optional.ofNullable(runtime).flatMap(TvmSettings::path)));
    }
}
