package dev.longspan.reference;

import dev.longspan.spi.Availability;
import dev.longspan.spi.BackendOptions;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The settings of {@link BackendOptions} that this backend knows.
 *
 * @param memoryLimitBytes the most bytes of weights, states and checkpoints
 * @param vectors whether explicit vectors may be used where the Java runtime offers them
 */
record ReferenceSettings(long memoryLimitBytes, boolean vectors) {
    static final String DEVICE = "cpu";
    static final String MEMORY_LIMIT = "memoryLimitBytes";
    static final String KERNELS = "kernels";

    /** Says what is wrong with some options, or answers null. */
    static Availability.@Nullable Unavailable problem(BackendOptions options) {
        String device = options.device();
        if (!device.equals(BackendOptions.ANY_DEVICE) && !device.equals(DEVICE)) {
            return new Availability.Unavailable(
                    "unknown device '" + device + "'",
                    "this backend computes on the device '" + DEVICE + "' alone",
                    "choose the device '" + DEVICE + "' or '" + BackendOptions.ANY_DEVICE + "', or another backend");
        }
        TreeSet<String> unknown = new TreeSet<>(options.settings().keySet());
        unknown.remove(MEMORY_LIMIT);
        unknown.remove(KERNELS);
        if (!unknown.isEmpty()) {
            return new Availability.Unavailable(
                    "unknown setting '" + unknown.first() + "'",
                    "this backend knows '" + KERNELS + "' and '" + MEMORY_LIMIT + "'",
                    "remove the setting");
        }
        return valueProblem(options.settings());
    }

    private static Availability.@Nullable Unavailable valueProblem(Map<String, String> settings) {
        String limit = settings.getOrDefault(MEMORY_LIMIT, "1");
        if (!limit.matches("[0-9]{1,18}")) {
            return new Availability.Unavailable(
                    "setting '" + MEMORY_LIMIT + "'", "found '" + limit + "'", "give a whole number of bytes");
        }
        String kernels = settings.getOrDefault(KERNELS, "auto");
        if (!kernels.equals("auto") && !kernels.equals("plain")) {
            return new Availability.Unavailable(
                    "setting '" + KERNELS + "'", "found '" + kernels + "'", "give 'auto' or 'plain'");
        }
        return null;
    }

    /** Reads options that have no {@linkplain #problem problem}. */
    static ReferenceSettings of(BackendOptions options) {
        String limit = options.settings().get(MEMORY_LIMIT);
        return new ReferenceSettings(
                limit == null ? Long.MAX_VALUE : Long.parseLong(limit),
                !"plain".equals(options.settings().get(KERNELS)));
    }
}
