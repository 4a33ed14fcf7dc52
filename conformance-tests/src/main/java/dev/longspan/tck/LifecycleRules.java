package dev.longspan.tck;

import static dev.longspan.tck.ConformanceRule.required;
import static dev.longspan.tck.Driver.refused;
import static dev.longspan.tck.Driver.require;

import dev.longspan.spi.AttentionKernels;
import dev.longspan.spi.Backend;
import dev.longspan.spi.Batch;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.Feature;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.PlanOptions;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.management.OperatingSystemMXBean;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;

/** The rules of opening and closing, and of what a backend does to its process. */
final class LifecycleRules {
    private static final int ROUNDS = 4;
    private static final int WARMING = 50;
    /** How many states one model makes, one after the other, each with a checkpoint, forks and transfers. */
    static final int STATES = 300;

    /** Many of them, of each of which a little may be left. */
    private static final int MANY = 2000;

    /** How often something is computed while others do so, too. */
    private static final int BESIDE = 20;

    private static final int FAILURES = 20;
    /** How often a model is loaded and closed by one backend. */
    static final int LOADS = 100;

    private static final long MAY_GROW = 512 << 10;
    private static final long CLEANING_NANOS = 50_000_000;
    private static final Class<IllegalStateException> CLOSED = IllegalStateException.class;

    private LifecycleRules() {}

    static List<ConformanceRule> all() {
        return List.of(
                required(
                        "P4.threads",
                        "a backend starts only daemon threads, and has joined them when close returns",
                        "setDaemon(true), and join in close",
                        subject -> subject.cases(seed -> threadsEnd(subject, seed))),
                required(
                        "P4.silence",
                        "a backend prints nothing, also where a run fails, a batch or a load is refused, or memory is short",
                        "log by slf4j; an exception says what is wrong, and who catches it prints it",
                        LifecycleRules::nothingIsPrinted),
                required(
                        "P4.process",
                        "a process that leaves its backend open exits; nothing is printed, no property set, no socket opened in Java",
                        "a thread that is not a daemon; natives that print; a download",
                        QuietProcess::check),
                required(
                        "P5.growth",
                        "opening, loading and closing many times, and many states, do not make the process grow",
                        "static lists, thread locals, open files, and what an owner remembers of what was closed",
                        LifecycleRules::nothingGrows),
                required(
                        "P5.native",
                        "opening, loading and closing many times, and many states, take no memory outside the heap",
                        "natives that are not freed, direct buffers that are kept",
                        NativeMemory::check),
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
                        "loading, using and closing one model does not disturb another that computes, of the same or of another backend",
                        "what models share: threads, workspaces, lists of what is open; what is static, of all backends",
                        subject -> subject.models((driver, model) -> closingBesideAnother(subject, driver, model))));
    }

    private static void live(Subject subject, long seed) {
        Lives.once(subject.provider(), subject.options(), seed); // not by the subject, which remembers what it opens
    }

    private static void threadsEnd(Subject subject, long seed) {
        live(subject, seed); // a library may need a thread once in the life of a process
        Set<Thread> before = threads();
        Set<Thread> during;
        try (Backend backend = subject.open()) {
            Driver driver = Driver.load(backend, Subject.supported(backend, RandomModel::spec, seed), seed);
            driver.plain(driver.ids(40));
            Lives.everything(driver);
            during = threads();
        }
        during.removeAll(before);
        for (Thread each : during) {
            require(each.isDaemon(), "thread '" + each.getName() + "' is not a daemon");
            require(!each.isAlive(), "thread '" + each.getName() + "' is alive after close");
        }
    }

    static Set<Thread> threads() {
        return new HashSet<>(Thread.getAllStackTraces().keySet());
    }

    private static void nothingIsPrinted(Subject subject) {
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream caught = new Printed();
        PrintStream trap = new PrintStream(caught, true, StandardCharsets.UTF_8);
        try {
            System.setOut(trap);
            System.setErr(trap);
            subject.provider().probe(subject.options());
            live(subject, 3);
            Lives.faults(subject, 3);
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
        String printed = ChildProcess.withoutLogger(caught.toString(StandardCharsets.UTF_8));
        require(printed.isEmpty(), "it printed: " + printed.strip());
    }

    /** Takes what is printed, but for what loggers print: where that goes is for those to say who run the backend. */
    private static final class Printed extends ByteArrayOutputStream {
        private static final Pattern LOGGERS =
                Pattern.compile("(org\\.slf4j|ch\\.qos\\.logback|org\\.apache\\.logging|java\\.util\\.logging)\\..*");

        @Override
        public synchronized void write(byte[] bytes, int from, int count) {
            boolean logged = StackWalker.getInstance()
                    .walk(frames -> frames.anyMatch(
                            frame -> LOGGERS.matcher(frame.getClassName()).matches()));
            if (!logged) {
                super.write(bytes, from, count);
            }
        }
    }

    /** What stays after every one of some rounds: once a machine has warmed up, only a leak does. */
    private static void nothingGrows(Subject subject) {
        statesLeaveNothing(subject);
        openingsLeaveNothing(subject);
    }

    private static void statesLeaveNothing(Subject subject) {
        try (Backend backend = subject.provider().open(subject.options())) {
            Driver driver = Driver.load(backend, Subject.supported(backend, RandomModel::spec, 3), 3);
            Lives.many(driver, WARMING);
            for (int count : new int[] {STATES, MANY}) {
                leavesNothing(count + " states of one model", () -> Lives.many(driver, count));
            }
            failuresLeaveNothing(driver);
            leavesNothing(LOADS + " models of one backend", () -> Lives.loading(backend, LOADS));
        }
    }

    private static void failuresLeaveNothing(Driver driver) {
        RandomModel model = Subject.supported(driver.backend(), RandomModel::spec, 3);
        Driver poisoned = BatchRules.poisoned(driver, model, 3);
        Lives.failing(poisoned, WARMING);
        for (int count : new int[] {FAILURES, MANY}) {
            leavesNothing(
                    count + " runs that fail, and as many batches that are refused,",
                    () -> Lives.failing(poisoned, count));
        }
    }

    private static void leavesNothing(String what, Runnable work) {
        long least = Long.MAX_VALUE;
        for (int round = 0; round < ROUNDS && least >= MAY_GROW; round++) {
            long before = heap();
            work.run();
            least = Math.min(least, heap() - before);
        }
        require(least < MAY_GROW, what + " leave " + least + " bytes of heap");
    }

    private static void openingsLeaveNothing(Subject subject) {
        for (int i = 0; i < 5; i++) {
            live(subject, 3);
        }
        int openings = Lives.openings(subject.provider(), subject.options());
        Lives.noteOpenings(subject, openings);
        long heap = Long.MAX_VALUE;
        long files = Long.MAX_VALUE;
        int threads = Integer.MAX_VALUE;
        for (int round = 0; round < ROUNDS && (heap >= MAY_GROW || files > 0 || threads > 0); round++) {
            long heapBefore = heap();
            long filesBefore = files();
            int threadsBefore = threads().size();
            for (int i = 0; i < openings; i++) {
                live(subject, 3);
            }
            heap = Math.min(heap, heap() - heapBefore);
            files = Math.min(files, files() - filesBefore);
            threads = Math.min(threads, threads().size() - threadsBefore);
        }
        require(heap < MAY_GROW, openings + " openings leave " + heap + " bytes of heap");
        require(files <= 0, openings + " openings leave " + files + " open files");
        require(threads <= 0, openings + " openings leave " + threads + " threads");
    }

    /** What a collection finds is given back by threads of cleaners, which hold a little of each until they come to it. */
    private static long heap() {
        for (int i = 0; i < 3; i++) {
            System.gc();
            LockSupport.parkNanos(CLEANING_NANOS);
        }
        System.gc();
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
        LanguageModel loaded = driver.model();
        SequenceState state = loaded.newState();
        driver.feed(state, driver.ids(4));
        Checkpoint checkpoint = state.checkpoint();
        MemoryCheckpoint written = driver.transfers() ? MemoryCheckpoint.of(checkpoint) : MemoryCheckpoint.empty(4);
        checkpoint.close();
        isClosed("of a closed checkpoint", driver, checkpoint);
        state.close();
        isClosed("of a closed state", state);
        refused("forward with a closed state", () -> loaded.forward(Batch.of(Run.last(state, 1))), CLOSED);
        SequenceState orphan = loaded.newState();
        RunResult result = driver.forward(Run.last(orphan, 1)).get(0);
        Checkpoint left = orphan.checkpoint();
        loaded.close();
        refused("newState of a closed model", () -> loaded.newState(), CLOSED);
        refused("spec of a closed model", loaded::spec, CLOSED);
        refused("forward of a closed model", () -> loaded.forward(Batch.of(Run.last(orphan, 1))), CLOSED);
        isClosed("of a closed model's state", orphan);
        isClosed("of a closed model's checkpoint", driver, left);
        if (result instanceof RunResult.Success success) {
            float[] row = new float[model.spec().vocabularySize()];
            refused("argMax of a closed model's logits", () -> success.logits().argMax(0), CLOSED);
            refused("copyTo of a closed model's logits", () -> success.logits().copyTo(0, row), CLOSED);
        }
        if (driver.transfers()) {
            refused(
                    "readCheckpoint of a closed model",
                    () -> loaded.readCheckpoint(written).close(),
                    CLOSED);
        }
        Backend backend = driver.backend();
        Driver.Call kernels = backend.capabilities().has(Feature.ATTENTION_KERNELS)
                ? kernelsThatStayRight(backend.attention(), driver.tolerance())
                : () -> {};
        backend.close();
        kernels.make();
        refused("id of a closed backend", backend::id, CLOSED);
        refused("device of a closed backend", backend::device, CLOSED);
        refused("description of a closed backend", backend::description, CLOSED);
        refused("memory of a closed backend", backend::memory, CLOSED);
        refused("capabilities of a closed backend", backend::capabilities, CLOSED);
        refused("supports of a closed backend", () -> backend.supports(model.spec()), CLOSED);
        refused("plan of a closed backend", () -> backend.plan(model.spec(), new PlanOptions(1, 1, 1)), CLOSED);
        refused(
                "load of a closed backend",
                () -> backend.load(model.spec(), model.weights(), LoadProgress.NONE)
                        .close(),
                CLOSED);
        refused("attention of a closed backend", backend::attention, CLOSED);
    }

    /** Kernels need nothing of their backend: when it is closed, they may be refused, or be right. */
    private static Driver.Call kernelsThatStayRight(AttentionKernels kernels, Tolerance tolerance) {
        AttentionCase c = AttentionCase.random(new Random(1));
        float[] before = kernels.attend(c.heads, c.geometry, 0, c.searchQueries, c.queries, c.keys, c.values);
        return () -> {
            float[] after;
            try {
                after = kernels.attend(c.heads, c.geometry, 0, c.searchQueries, c.queries, c.keys, c.values);
            } catch (IllegalStateException refused) {
                return;
            }
            tolerance.compare("attend of a closed backend", after, Tensors.toDoubles(before), tolerance.oracle());
        };
    }

    private static void isClosed(String whose, SequenceState state) {
        refused("length " + whose, state::length, CLOSED);
        refused("bytes " + whose, state::bytes, CLOSED);
        refused("exclusiveBytes " + whose, state::exclusiveBytes, CLOSED);
        refused("checkpoint " + whose, state::checkpoint, CLOSED);
    }

    private static void isClosed(String whose, Driver driver, Checkpoint checkpoint) {
        refused("length " + whose, checkpoint::length, CLOSED);
        refused("bytes " + whose, checkpoint::bytes, CLOSED);
        refused("exclusiveBytes " + whose, checkpoint::exclusiveBytes, CLOSED);
        refused("newState " + whose, () -> driver.model().newState(checkpoint), CLOSED);
        if (driver.transfers()) {
            refused("tensors " + whose, checkpoint::tensors, CLOSED);
            refused("write " + whose, () -> checkpoint.write(new MemoryCheckpoint.Sink()), CLOSED);
        }
    }

    private static void closingBesideAnother(Subject subject, Driver driver, RandomModel model) throws Exception {
        besideOthers("beside models that are loaded and closed", driver, driver.backend(), model);
        try (Backend other = subject.open()) {
            besideOthers("beside models of another backend", driver, other, model);
        }
    }

    /** Computes while another thread loads, uses and closes models of a backend. */
    private static void besideOthers(String what, Driver driver, Backend backend, RandomModel model) throws Exception {
        int[] ids = driver.ids(60);
        List<float[]> want = driver.plain(ids);
        AtomicBoolean done = new AtomicBoolean();
        CompletableFuture<Void> others = CompletableFuture.runAsync(() -> {
            while (!done.get()) {
                Driver other = Driver.load(backend, model, 1);
                SequenceState state = other.model().newState();
                other.feed(state, other.ids(60));
                state.checkpoint();
                other.model().close();
            }
        });
        try {
            for (int round = 0; round < BESIDE; round++) {
                driver.same(what, driver.plain(ids), want);
            }
        } finally {
            done.set(true);
        }
        Driver.finish("a model beside another", others);
    }
}
