package dev.longspan.spi;

import java.util.Map;

/**
 * How a backend is to be opened.
 *
 * @param threads how many threads it may compute with, 1 to {@value #MAX_THREADS}
 * @param device {@value #ANY_DEVICE}, or the {@linkplain Device#id id} of the device to use
 * @param settings further settings by name, which only some backends know; a backend refuses names it does not know
 */
public record BackendOptions(int threads, String device, Map<String, String> settings) {
    /** Lets the backend choose its best device. */
    public static final String ANY_DEVICE = "auto";

    /** The most threads that can be asked for. */
    public static final int MAX_THREADS = 1024;

    /** Checks and copies the components. */
    public BackendOptions {
        if (threads < 1 || threads > MAX_THREADS) {
            throw new IllegalArgumentException("threads: expected 1 to " + MAX_THREADS + ", found " + threads);
        }
        if (device.isBlank()) {
            throw new IllegalArgumentException("device: expected '" + ANY_DEVICE + "' or a device's id, found nothing");
        }
        settings = Map.copyOf(settings);
    }

    /** {@return as many threads as the machine has processors, any device, no further settings} */
    public static BackendOptions defaults() {
        int processors = Runtime.getRuntime().availableProcessors();
        return new BackendOptions(Math.min(processors, MAX_THREADS), ANY_DEVICE, Map.of());
    }

    /**
     * {@return these options with another number of threads}
     *
     * @param count how many threads the backend may compute with, 1 to {@value #MAX_THREADS}
     */
    public BackendOptions withThreads(int count) {
        return new BackendOptions(count, device, settings);
    }

    /**
     * {@return these options with another device}
     *
     * @param id {@value #ANY_DEVICE} or a device's id
     */
    public BackendOptions withDevice(String id) {
        return new BackendOptions(threads, id, settings);
    }
}
