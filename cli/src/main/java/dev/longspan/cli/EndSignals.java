package dev.longspan.cli;

import java.util.List;
import org.jline.utils.Signals;

/** The signals by which a process is asked to end: Ctrl-C, and what service managers send. */
final class EndSignals {
    private static final List<String> NAMES = List.of("INT", "TERM");

    private EndSignals() {}

    /** Has an action run at the first signal; the second one ends the process at once. */
    static void whenAsked(Runnable action) {
        for (String name : NAMES) {
            Signals.register(name, () -> {
                NAMES.forEach(Signals::registerDefault);
                action.run();
            });
        }
    }
}
