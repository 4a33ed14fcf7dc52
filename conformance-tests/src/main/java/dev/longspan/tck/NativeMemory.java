package dev.longspan.tck;

import static dev.longspan.tck.Driver.require;

import dev.longspan.spi.Backend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** A process whose heap is all there from the beginning, so that it grows only by what is taken outside of it. */
final class NativeMemory {
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
            String[] grown = ended.done().split(" ", -1);
            within(LifecycleRules.STATES + " states of one model", grown[0]);
            within(LifecycleRules.LOADS + " models of one backend", grown[1]);
            int openings = Integer.parseInt(grown[3]);
            within(openings + " openings", grown[2]);
            Lives.noteOpenings(subject, openings);
        });
    }

    private static void within(String what, String grown) {
        require(
                Long.parseLong(grown) < MAY_GROW,
                what + " leave " + grown + " bytes outside the heap, in every round of some");
    }

    private static long resident() throws IOException {
        try (Stream<String> lines = Files.lines(STATUS)) {
            return lines.filter(line -> line.startsWith(RESIDENT))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
                    .findFirst()
                    .orElseThrow(() -> new IOException(STATUS + " lacks " + RESIDENT));
        }
    }

    /** How much the process grows in the round in which it grows least. */
    private static long least(Runnable work) throws IOException {
        long least = Long.MAX_VALUE;
        for (int round = 0; round < ROUNDS && least >= MAY_GROW; round++) {
            long before = resident();
            work.run();
            System.gc();
            least = Math.min(least, resident() - before);
        }
        return least;
    }

    /** The process. What it writes is how much it grew by states of one model, by models, by openings, and how many these were. */
    public static void main(String[] args) throws IOException {
        ChildProcess.Arguments told = ChildProcess.Arguments.of(args);
        try {
            long states;
            long models;
            try (Backend backend = told.provider().open(told.options())) {
                Driver driver = Driver.load(backend, Subject.supported(backend, RandomModel::spec, 3), 3);
                states = least(() -> Lives.many(driver, LifecycleRules.STATES));
                models = least(() -> Lives.loading(backend, LifecycleRules.LOADS));
            }
            int openings = Lives.openings(told.provider(), told.options());
            long opened = least(() -> {
                for (int i = 0; i < openings; i++) {
                    Lives.once(told.provider(), told.options(), 3);
                }
            });
            told.tell(states + " " + models + " " + opened + " " + openings);
        } catch (NotApplicable e) {
            // and what tells that it is done is missing
        }
    }
}
