package dev.longspan.tvm;

import dev.longspan.spi.Availability;
import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendOptions;
import dev.longspan.spi.BackendUnavailableException;
import java.util.Map;

/**
 * A process that tries to open the backend, once with each pair of a setting and its value that it is given, and prints what comes of it;
 * the garbage collector is busy meanwhile.
 */
final class Attempts {
    private static volatile byte[] garbage = new byte[0];

    private Attempts() {}

    /**
     * Probes and opens; prints a line for each.
     *
     * @param arguments settings, each followed by its value; {@code -} for none
     */
    public static void main(String[] arguments) {
        Thread collected = new Thread(() -> {
            while (garbage.length < Integer.MAX_VALUE) {
                garbage = new byte[100_000];
            }
        });
        collected.setDaemon(true);
        collected.start();
        for (int i = 0; i < arguments.length; i += 2) {
            BackendOptions options = new BackendOptions(
                    1,
                    "cpu",
                    arguments[i].equals("-")
                            ? Map.of()
                            : Map.of(arguments[i], arguments[i + 1].replace("UMLAUT", "ü")));
            Availability found = new TvmBackendProvider().probe(options);
            System.out.println("probe: "
                    + (found instanceof Availability.Unavailable problem
                            ? problem.cause() + " | "
                                    + problem.detail().lines().findFirst().orElse("") + " | " + problem.remedy()
                            : "available"));
            try (Backend backend = new TvmBackendProvider().open(options)) {
                System.out.println("open: " + backend.id());
            } catch (BackendUnavailableException e) {
                System.out.println("open: " + e.getMessage().lines().findFirst().orElse(""));
            }
        }
    }
}
