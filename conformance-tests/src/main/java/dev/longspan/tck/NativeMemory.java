package dev.longspan.tck;

import static dev.longspan.tck.Driver.require;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A process whose heap is all there from the beginning, so that it grows only by what is taken outside of it. */
final class NativeMemory {
    private static final int OPENINGS = 50;
    private static final int ROUNDS = 6;
    private static final long MAY_GROW = 2 << 20;
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final String RESIDENT = "VmRSS:";

    private NativeMemory() {}

    static void check(Subject subject) throws IOException, InterruptedException {
        if (!Files.isReadable(STATUS)) {
            throw new NotApplicable("this platform does not tell the memory of a process");
        }
        // without the second compiler, whose own memory comes and goes
        List<String> flags = List.of("-Xms384m", "-Xmx384m", "-XX:+AlwaysPreTouch", "-XX:TieredStopAtLevel=1");
        ChildProcess.run(subject, NativeMemory.class, flags, (ended, folder) -> {
            if (ended.done() == null) {
                throw new NotApplicable("it supports none of the networks that the process draws");
            }
            long grown = Long.parseLong(ended.done());
            require(
                    grown < MAY_GROW,
                    OPENINGS + " openings leave " + grown + " bytes outside the heap, in every round of some");
        });
    }

    private static long resident() throws IOException {
        try (Stream<String> lines = Files.lines(STATUS)) {
            return lines.filter(line -> line.startsWith(RESIDENT))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
                    .findFirst()
                    .orElseThrow(() -> new IOException(STATUS + " lacks " + RESIDENT));
        }
    }

    /** The process. What it writes is how much it grew in the round in which it grew least. */
    public static void main(String[] args) throws IOException {
        ChildProcess.Arguments told = ChildProcess.Arguments.of(args);
        long least = Long.MAX_VALUE;
        try {
            for (int round = 0; round < ROUNDS && least >= MAY_GROW; round++) {
                long before = resident();
                for (int i = 0; i < OPENINGS; i++) {
                    LifecycleRules.live(told.provider(), told.options(), 3);
                }
                System.gc();
                least = Math.min(least, resident() - before);
            }
        } catch (NotApplicable e) {
            return; // and what tells that it is done is missing
        }
        told.tell(Long.toString(least));
    }
}
