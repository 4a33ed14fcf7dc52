package dev.longspan.tck;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;

/** The entry of the kit as a command; {@code --help} tells its options. */
public final class Main {
    private Main() {}

    /**
     * Proves a backend.
     *
     * @param args the options
     */
    public static void main(String[] args) {
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        EarlyExit early = EarlyExit.watch(out, Runtime.getRuntime()::halt);
        int status = new ConformanceRunner(out).run(args);
        early.done();
        System.exit(status);
    }
}
