package dev.longspan.spi;

import java.util.List;

/** What a {@linkplain BackendProvider#probe probe} found out. */
public sealed interface Availability {
    /**
     * The backend can work here.
     *
     * @param rank the higher, the better the choice: 0 to 99 for plain Java, 100 to 199 for native code on a CPU, 200 to
     *     299 for a GPU
     * @param devices the devices it could use, the best first; at least one
     * @param notices sentences about what would make it faster; may be empty
     */
    record Available(int rank, List<Device> devices, List<String> notices) implements Availability {
        /** Checks and copies the components. */
        public Available {
            devices = List.copyOf(devices);
            notices = List.copyOf(notices);
            if (devices.isEmpty()) {
                throw new IllegalArgumentException("an available backend has at least one device");
            }
        }
    }

    /**
     * The backend cannot work here.
     *
     * @param cause what is missing, in a few words
     * @param detail more about it, such as a version or the loader's message; may be empty
     * @param remedy what the user can do about it
     */
    record Unavailable(String cause, String detail, String remedy) implements Availability {}
}
