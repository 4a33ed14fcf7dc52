package dev.longspan.spi;

/**
 * What a backend computes on.
 *
 * @param id how users name it, such as {@code cpu} or {@code cuda:0}
 * @param name what it is, for people
 * @param kind processor or accelerator
 * @param memoryBytes how much memory it has, in bytes; 0 if that is not known
 */
public record Device(String id, String name, Kind kind, long memoryBytes) {
    /** The kinds of devices. */
    public enum Kind {
        /** The machine's own processors, using the machine's memory. */
        CPU,
        /** An accelerator with memory of its own. */
        GPU
    }
}
