package dev.longspan.tck;

import java.io.PrintWriter;
import java.util.Arrays;
import java.util.Map;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Watches whether a backend ends the process before there is a verdict: its status would be taken for one. A signal may end it, and of
 * natives that do so nothing is seen.
 */
final class EarlyExit {
    private final PrintWriter out;
    private final IntConsumer halt;
    private volatile boolean done;

    private EarlyExit(PrintWriter out, IntConsumer halt) {
        this.out = out;
        this.halt = halt;
    }

    /**
     * Watches from now on.
     *
     * @param halt ends a process that is ending, with another status
     */
    static EarlyExit watch(PrintWriter out, IntConsumer halt) {
        EarlyExit watched = new EarlyExit(out, halt);
        Runtime.getRuntime().addShutdownHook(new Thread(watched::ended, "conformance exit"));
        return watched;
    }

    /** The verdict is told. */
    void done() {
        done = true;
    }

    private void ended() {
        String caller = done ? null : caller();
        if (caller != null) {
            out.println("the process was ended before there was a verdict, by " + caller);
            out.flush();
            halt.accept(ConformanceRunner.MISUSED);
        }
    }

    /** The thread that called exit, and where; null if none did. */
    private static @Nullable String caller() {
        for (Map.Entry<Thread, StackTraceElement[]> each :
                Thread.getAllStackTraces().entrySet()) {
            StackTraceElement[] trace = each.getValue();
            for (int i = 0; i < trace.length; i++) {
                if (trace[i].getClassName().equals(Runtime.class.getName())
                        && trace[i].getMethodName().equals("exit")) {
                    StackTraceElement[] place = Arrays.copyOfRange(trace, i + 1, trace.length);
                    return "thread '" + each.getKey().getName() + "' at " + Arrays.toString(place);
                }
            }
        }
        return null;
    }
}
