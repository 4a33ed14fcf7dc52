package dev.longspan.tck;

import static dev.longspan.tck.ConformanceRule.required;

import dev.longspan.spi.Backend;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.SequenceState;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** The rules of threads that take turns, and of what is open beside a model. */
final class NeighbourRules {
    private static final int LENGTH = 60;

    private NeighbourRules() {}

    static List<ConformanceRule> all() {
        return List.of(
                required(
                        "T1.moved",
                        "a model is loaded on one thread and used on others, one at a time",
                        "a context, a scope or a thread local of the thread that loaded it",
                        subject -> subject.models(NeighbourRules::threadsTakeTurns)),
                required(
                        "Z1.networks",
                        "a model stays right when another network was loaded, used and closed beside it",
                        "sizes and workspaces that the backend keeps of the network that was loaded last",
                        subject -> subject.models((driver, model) -> anotherNetworkIsUsed(driver))),
                required(
                        "Z1.backends",
                        "closing a backend does not disturb another that is open",
                        "what is static: a library's context, a pool of threads, a list of what is open",
                        subject -> subject.models((driver, model) -> anotherBackendIsClosed(subject, driver, model))));
    }

    /** Something that is done with a model. */
    private interface Turn<T> {
        T take();
    }

    /** Does something on a new thread, and waits for it; its fault is the rule's. */
    private static <T> T elsewhere(String what, Turn<T> turn) throws InterruptedException {
        FutureTask<T> task = new FutureTask<>(turn::take);
        Thread thread = new Thread(task, "conformance, " + what);
        thread.setDaemon(true);
        thread.start();
        try {
            return task.get();
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            if (cause instanceof NotApplicable skipped) {
                throw skipped;
            }
            throw new AssertionError(what + " on another thread: " + RuleOutcome.words(cause), cause);
        }
    }

    private static void threadsTakeTurns(Driver driver, RandomModel model) throws InterruptedException {
        int[] ids = driver.ids(LENGTH);
        int third = LENGTH / 3;
        List<float[]> want = driver.plain(ids); // on the thread that loaded it
        SequenceState state = elsewhere("newState", () -> driver.model().newState());
        driver.same(
                "logits on another thread",
                elsewhere("forward", () -> driver.piece(state, ids, 0, third)),
                want.subList(0, third));
        Checkpoint checkpoint = elsewhere("checkpoint", state::checkpoint);
        driver.same(
                "back on the first thread", driver.piece(state, ids, third, 2 * third), want.subList(third, 2 * third));
        SequenceState again =
                elsewhere("newState from a checkpoint", () -> driver.model().newState(checkpoint));
        driver.same(
                "a state from a checkpoint, on another thread",
                elsewhere("forward", () -> driver.piece(again, ids, third, LENGTH)),
                want.subList(third, LENGTH));
        elsewhere("close", () -> {
            state.close();
            checkpoint.close();
            again.close();
            return true;
        });
        Driver other = elsewhere("load", () -> Driver.load(driver.backend(), model, 1));
        driver.same("a model that another thread loaded", other.plain(ids), want);
        elsewhere("close of a model", () -> {
            other.model().close();
            return true;
        });
    }

    private static void anotherNetworkIsUsed(Driver driver) {
        int[] ids = driver.ids(LENGTH);
        List<float[]> want = driver.plain(ids);
        try (SequenceState state = driver.model().newState()) {
            int at = LENGTH / 3;
            driver.feed(state, Driver.first(ids, at));
            for (long seed = 101; seed <= 103; seed++) {
                RandomModel another = Subject.supported(driver.backend(), RandomModel::spec, seed);
                Driver beside = Driver.load(driver.backend(), another, seed);
                int[] others = beside.ids(LENGTH / 2);
                beside.feed(beside.model().newState(), others);
                int to = at + LENGTH / 5;
                driver.same(
                        "beside a model of another network", driver.piece(state, ids, at, to), want.subList(at, to));
                beside.model().close();
                at = to;
            }
            driver.same("when all others are closed", driver.piece(state, ids, at, LENGTH), want.subList(at, LENGTH));
        }
    }

    private static void anotherBackendIsClosed(Subject subject, Driver driver, RandomModel model) {
        int[] ids = driver.ids(LENGTH);
        List<float[]> want = driver.plain(ids);
        int half = LENGTH / 2;
        try (SequenceState state = driver.model().newState()) {
            driver.feed(state, Driver.first(ids, half));
            List<Backend> others = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                Backend other = subject.open();
                others.add(other);
                Driver theirs = Driver.load(other, model, i);
                driver.same("in another backend", theirs.plain(ids), want);
            }
            others.get(0).close();
            driver.same(
                    "after another backend was closed",
                    driver.feed(state, Arrays.copyOfRange(ids, half, LENGTH - 5)),
                    want.subList(half, LENGTH - 5));
            others.get(1).close();
            driver.same(
                    "after all others were closed",
                    driver.feed(state, Driver.tail(ids, LENGTH - 5)),
                    want.subList(LENGTH - 5, LENGTH));
        }
    }
}
