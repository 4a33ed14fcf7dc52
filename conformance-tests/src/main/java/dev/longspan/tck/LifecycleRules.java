package dev.longspan.tck;

import static dev.longspan.tck.ConformanceRule.required;
import static dev.longspan.tck.Driver.refused;
import static dev.longspan.tck.Driver.require;

import dev.longspan.spi.Backend;
import dev.longspan.spi.Batch;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.Run;
import dev.longspan.spi.SequenceState;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.management.OperatingSystemMXBean;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

/** The rules of opening and closing, and of what a backend does to its process. */
final class LifecycleRules {
    private static final int OPENINGS = 50;
    private static final int ROUNDS = 4;
    private static final long MAY_GROW = 512 << 10;

    private LifecycleRules() {}

    static List<ConformanceRule> all() {
        return List.of(
                required(
                        "P4.threads",
                        "a backend starts only daemon threads, and has joined them when close returns",
                        "setDaemon(true), and join in close",
                        subject -> subject.cases(seed -> threadsEnd(subject, seed))),
                required("P4.silence", "a backend prints nothing", "log by slf4j", LifecycleRules::nothingIsPrinted),
                required(
                        "P4.process",
                        "a process that leaves its backend open exits; nothing is printed, no property set, no socket opened",
                        "a thread that is not a daemon; natives that print; a download",
                        ChildProcess::check),
                required(
                        "P5.growth",
                        "opening and closing many times does not make the process grow",
                        "static lists, thread locals, natives and files that stay open",
                        LifecycleRules::nothingGrows),
                required(
                        "Z1.twice",
                        "close may be called twice, in any order of owner and owned",
                        "an owner closes what it owns; closing what is closed does nothing",
                        subject -> subject.models((driver, model) -> closingTwice(subject, model))),
                required(
                        "Z1.after",
                        "after close everything else throws IllegalStateException",
                        "a check at the beginning of every method",
                        subject -> subject.models((driver, model) -> nothingWorksAfterwards(driver, model))),
                required(
                        "Z1.beside",
                        "closing one model does not disturb another that computes",
                        "what models share: threads, workspaces, lists of what is open",
                        subject -> subject.models(LifecycleRules::closingBesideAnother)));
    }

    /** Opens, loads, computes, closes. */
    private static void live(Subject subject, long seed) {
        // not by the subject, which remembers what it opens
        try (Backend backend = subject.provider().open(subject.options())) {
            Driver driver = Driver.load(backend, Subject.supported(backend, RandomModel::spec, seed), seed);
            try (SequenceState state = driver.model().newState()) {
                driver.feed(state, driver.ids(20));
                state.checkpoint().close();
            }
        }
    }

    private static void threadsEnd(Subject subject, long seed) {
        Set<Thread> before = threads();
        Set<Thread> during;
        try (Backend backend = subject.open()) {
            Driver driver = Driver.load(backend, Subject.supported(backend, RandomModel::spec, seed), seed);
            driver.plain(driver.ids(40));
            during = threads();
        }
        during.removeAll(before);
        for (Thread each : during) {
            require(each.isDaemon(), "thread '" + each.getName() + "' is not a daemon");
            require(!each.isAlive(), "thread '" + each.getName() + "' is alive after close");
        }
    }

    private static Set<Thread> threads() {
        return new HashSet<>(Thread.getAllStackTraces().keySet());
    }

    private static void nothingIsPrinted(Subject subject) {
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream caught = new ByteArrayOutputStream();
        PrintStream trap = new PrintStream(caught, true, StandardCharsets.UTF_8);
        try {
            System.setOut(trap);
            System.setErr(trap);
            subject.provider().probe(subject.options());
            live(subject, 3);
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
        String printed = caught.toString(StandardCharsets.UTF_8);
        require(printed.isEmpty(), "it printed: " + printed.strip());
    }

    /** What stays after every one of some rounds: once a machine has warmed up, only a leak does. */
    private static void nothingGrows(Subject subject) {
        for (int i = 0; i < 5; i++) {
            live(subject, 3);
        }
        long heap = Long.MAX_VALUE;
        long files = Long.MAX_VALUE;
        int threads = Integer.MAX_VALUE;
        for (int round = 0; round < ROUNDS && (heap >= MAY_GROW || files > 0 || threads > 0); round++) {
            long heapBefore = heap();
            long filesBefore = files();
            int threadsBefore = threads().size();
            for (int i = 0; i < OPENINGS; i++) {
                live(subject, 3);
            }
            heap = Math.min(heap, heap() - heapBefore);
            files = Math.min(files, files() - filesBefore);
            threads = Math.min(threads, threads().size() - threadsBefore);
        }
        require(heap < MAY_GROW, OPENINGS + " openings leave " + heap + " bytes of heap");
        require(files <= 0, OPENINGS + " openings leave " + files + " open files");
        require(threads <= 0, OPENINGS + " openings leave " + threads + " threads");
    }

    private static long heap() {
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    /** Open files of the process; 0 where the platform does not tell. */
    private static long files() {
        OperatingSystemMXBean system = ManagementFactory.getOperatingSystemMXBean();
        return system instanceof com.sun.management.UnixOperatingSystemMXBean unix
                ? unix.getOpenFileDescriptorCount()
                : 0;
    }

    private static void closingTwice(Subject subject, RandomModel model) {
        for (int order = 0; order < 6; order++) {
            Backend backend = subject.open();
            Driver driver = Driver.load(backend, model, order);
            SequenceState state = driver.model().newState();
            driver.feed(state, driver.ids(5));
            Checkpoint checkpoint = state.checkpoint();
            SequenceState second = driver.model().newState(checkpoint);
            List<AutoCloseable> all = List.of(backend, driver.model(), state, checkpoint, second);
            for (int i = 0; i < 2 * all.size(); i++) {
                AutoCloseable next = all.get((order + (order % 2 == 0 ? i : 2 * all.size() - i)) % all.size());
                try {
                    next.close();
                } catch (Exception e) {
                    throw new AssertionError("close of " + next.getClass().getSimpleName() + " threw " + e, e);
                }
            }
        }
    }

    private static void nothingWorksAfterwards(Driver driver, RandomModel model) {
        Class<IllegalStateException> closed = IllegalStateException.class;
        SequenceState state = driver.model().newState();
        driver.feed(state, driver.ids(4));
        Checkpoint checkpoint = state.checkpoint();
        Checkpoint left = state.checkpoint();
        checkpoint.close();
        refused("length of a closed checkpoint", checkpoint::length, closed);
        refused("bytes of a closed checkpoint", checkpoint::bytes, closed);
        refused("a state from a closed checkpoint", () -> driver.model().newState(checkpoint), closed);
        state.close();
        refused("length of a closed state", state::length, closed);
        refused("a checkpoint of a closed state", state::checkpoint, closed);
        refused("forward with a closed state", () -> driver.model().forward(Batch.of(Run.last(state, 1))), closed);
        SequenceState orphan = driver.model().newState();
        driver.model().close();
        refused("newState of a closed model", () -> driver.model().newState(), closed);
        refused("spec of a closed model", () -> driver.model().spec(), closed);
        refused("length of a state of a closed model", orphan::length, closed);
        refused("length of a checkpoint of a closed model", left::length, closed);
        Backend backend = driver.backend();
        backend.close();
        refused("memory of a closed backend", backend::memory, closed);
        refused("supports of a closed backend", () -> backend.supports(model.spec()), closed);
        refused("attention of a closed backend", backend::attention, closed);
    }

    private static void closingBesideAnother(Driver driver, RandomModel model) throws Exception {
        int[] ids = driver.ids(60);
        List<float[]> want = driver.plain(ids);
        AtomicBoolean done = new AtomicBoolean();
        CompletableFuture<Void> others = CompletableFuture.runAsync(() -> {
            while (!done.get()) {
                Driver other = Driver.load(driver.backend(), model, 1);
                SequenceState state = other.model().newState();
                other.feed(state, other.ids(7));
                state.checkpoint();
                other.model().close();
            }
        });
        try {
            for (int round = 0; round < 5; round++) {
                driver.same("beside models that are loaded and closed", driver.plain(ids), want);
            }
        } finally {
            done.set(true);
        }
        Driver.finish("a model beside another", others);
    }
}
