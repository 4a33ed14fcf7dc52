package dev.longspan.tck;

import static dev.longspan.tck.ConformanceRule.claimed;
import static dev.longspan.tck.ConformanceRule.required;
import static dev.longspan.tck.Driver.require;

import dev.longspan.spi.Backend;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.Feature;
import dev.longspan.spi.SequenceState;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/** The rules of several who use one thing: a base, a model that one of them closes, a backend that loads for both. */
final class SharingRules {
    private static final int LENGTH = 90;
    private static final int MOST_READ = 80;
    private static final int SHORT = 50;
    private static final int ROUNDS = 5;

    private SharingRules() {}

    static List<ConformanceRule> all() {
        return List.of(
                claimed(
                        Feature.CHECKPOINT_TRANSFER,
                        "X1.siblings",
                        "two checkpoints that were read on one base, and the base itself, are independent of each other",
                        "the page in which the base ends: who reads rows behind it copies it first",
                        subject -> subject.states((driver, model) -> siblingsAreIndependent(driver))),
                required(
                        "Z1.forward",
                        "a model or a backend may be closed on another thread while it computes, which ends or is refused",
                        "close waits for the call that runs, or that call finds out: nothing is freed under a kernel",
                        subject -> subject.once(() -> {
                            modelsAreClosedBesideForward(subject);
                            backendsAreClosedBesideForward(subject);
                        })),
                required(
                        "T1.loads",
                        "two models are loaded by one backend at once",
                        "a buffer of the backend's, through which weights are read: one for each load, or a lock",
                        subject -> subject.models((driver, model) -> loadsDoNotMeet(driver, model))));
    }

    private static void siblingsAreIndependent(Driver driver) {
        int[] ids = driver.ids(LENGTH);
        int at = 1 + driver.random().nextInt(LENGTH - 30);
        int to = Math.min(MOST_READ, at + 20);
        List<int[]> branches = List.of(ids, ids.clone());
        System.arraycopy(driver.ids(LENGTH - at), 0, branches.get(1), at, LENGTH - at);
        try (SequenceState state = driver.model().newState()) {
            driver.absorb(state, Driver.first(ids, at), at);
            try (Checkpoint base = state.checkpoint()) {
                MemoryCheckpoint before = MemoryCheckpoint.of(base);
                List<MemoryCheckpoint> written = new ArrayList<>();
                List<Checkpoint> read = new ArrayList<>();
                for (int[] branch : branches) {
                    MemoryCheckpoint whole = goneOn(driver, base, branch, to);
                    written.add(whole);
                    read.add(driver.model().readCheckpoint(whole, base));
                }
                for (int i = 0; i < branches.size(); i++) {
                    require(
                            written.get(i).equalTo(MemoryCheckpoint.of(read.get(i))),
                            "of two that were read on one base, number " + i
                                    + " is another than what it was read from");
                    int[] branch = branches.get(i);
                    TogetherRules.goesOn(
                            driver, "read on a base beside another", read.get(i), branch, driver.plain(branch));
                }
                require(before.equalTo(MemoryCheckpoint.of(base)), "what is read on a base changes it");
                List<float[]> rest = driver.plain(ids).subList(at, LENGTH);
                driver.same("the state of a base", driver.feed(state, Driver.tail(ids, at)), rest);
                read.forEach(Checkpoint::close);
            }
        }
    }

    /** What a state that starts from a checkpoint writes when it has gone on. */
    private static MemoryCheckpoint goneOn(Driver driver, Checkpoint from, int[] ids, int to) {
        try (SequenceState own = driver.model().newState(from)) {
            driver.absorb(own, Arrays.copyOfRange(ids, from.length(), to), to);
            return MemoryCheckpoint.of(own);
        }
    }

    private static void modelsAreClosedBesideForward(Subject subject) throws Exception {
        Backend backend = subject.open();
        long left = -1;
        for (int round = 1; round <= ROUNDS; round++) {
            Driver driver = loaded(subject, backend);
            closedBesideForward(driver, round, driver.model()::close);
            long now = driver.usedBytes();
            require(
                    left < 0 || now == left,
                    "models that are closed while they compute leave memory: " + left + " bytes, then " + now);
            left = now;
        }
    }

    private static void backendsAreClosedBesideForward(Subject subject) throws Exception {
        for (int round = 1; round <= ROUNDS; round++) {
            Backend backend = subject.open();
            closedBesideForward(loaded(subject, backend), round, backend::close);
        }
    }

    private static Driver loaded(Subject subject, Backend backend) {
        RandomModel model = Subject.supported(backend, RandomModel::withoutChoices, subject.seed());
        return Driver.load(backend, model, subject.seed());
    }

    /** Closes what computes, while it does so for another time. */
    private static void closedBesideForward(Driver driver, int times, Runnable close) throws Exception {
        int[] ids = driver.ids(SHORT);
        List<float[]> want = driver.plain(ids);
        AtomicInteger fed = new AtomicInteger();
        CompletableFuture<Void> beside = CompletableFuture.runAsync(() -> feedUntilClosed(driver, ids, want, fed));
        while (fed.get() < times && !beside.isDone()) {
            Thread.onSpinWait();
        }
        close.run();
        Driver.finish("computing until it is closed", beside);
    }

    private static void feedUntilClosed(Driver driver, int[] ids, List<float[]> want, AtomicInteger fed) {
        try {
            while (true) {
                try (SequenceState state = driver.model().newState()) {
                    driver.same("what is computed until it is closed", driver.feed(state, ids), want);
                }
                fed.incrementAndGet();
            }
        } catch (IllegalStateException e) {
            // it is closed
        }
    }

    private static void loadsDoNotMeet(Driver driver, RandomModel model) throws Exception {
        int[] ids = driver.ids(SHORT);
        List<float[]> want = driver.plain(ids);
        Meeting loads = new Meeting();
        CompletableFuture<Driver> beside = CompletableFuture.supplyAsync(
                () -> Driver.load(driver.backend(), model.spec(), loads.weights(model.weights()), 1));
        Driver own = Driver.load(driver.backend(), model.spec(), loads.weights(model.weights()), 1);
        Driver.finish("a load beside another", beside);
        driver.same("of a model that was loaded beside another", own.plain(ids), want);
        driver.same("of a model that was loaded beside another", beside.join().plain(ids), want);
        own.model().close();
        beside.join().model().close();
    }
}
