package dev.longspan.tck;

import static dev.longspan.tck.ConformanceRule.numeric;
import static dev.longspan.tck.ConformanceRule.required;
import static dev.longspan.tck.Driver.refused;
import static dev.longspan.tck.Driver.require;

import dev.longspan.spi.Batch;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.MemorySize;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** The rules of batches. */
final class BatchRules {
    private static final int LENGTH = 70;

    private BatchRules() {}

    static List<ConformanceRule> all() {
        return List.of(
                numeric(
                        "B1.pieces",
                        "how ids are split into calls of forward does not matter",
                        "the carry between calls: the convolution's last inputs, the recurrent state, the first position",
                        subject -> subject.states((driver, model) -> new ModelChecks(driver).splitsDoNotMatter())),
                numeric(
                        "B1.steps",
                        "token by token gives what a prompt at once gives",
                        "a decode kernel that differs from the prefill kernel in geometry, tie order or state",
                        subject -> subject.states((driver, model) -> stepsEqualAPrompt(driver))),
                numeric(
                        "B2.batch",
                        "a batch equals its runs computed alone",
                        "an index into the batch that is used for the wrong run",
                        subject -> subject.models((driver, model) -> new ModelChecks(driver).aBatchEqualsItsRuns())),
                numeric(
                        "B2.order",
                        "results come in the order of the runs, also of prompts and steps that mix",
                        "sorting runs by length and not putting the results back",
                        subject -> subject.models((driver, model) -> resultsComeInOrder(driver))),
                required(
                        "B3.isolation",
                        "a run that fails changes no other run",
                        "NaN that spreads through a buffer which runs share",
                        subject -> subject.models((driver, model) -> aFailureStaysAlone(driver, model))),
                required(
                        "B4.failed",
                        "a failed state can only be closed; a batch with one is refused before anything is computed",
                        "mark the state as failed before forward returns; look at all states before the first run",
                        subject -> subject.models((driver, model) -> aFailedStateCanOnlyBeClosed(driver, model))),
                required(
                        "B5.malformed",
                        "a malformed batch is refused before anything is computed or changed",
                        "check all runs first: closed, foreign and repeated states, ids, the number of runs and tokens",
                        subject ->
                                subject.models((driver, model) -> malformedBatchesAreRefused(subject, driver, model))));
    }

    private static void stepsEqualAPrompt(Driver driver) {
        int[] ids = driver.ids(LENGTH);
        List<float[]> want = driver.plain(ids);
        try (SequenceState state = driver.model().newState()) {
            for (int t = 0; t < LENGTH; t++) {
                driver.same("the step to position " + t, driver.piece(state, ids, t, t + 1), want.subList(t, t + 1));
            }
        }
    }

    private static void resultsComeInOrder(Driver driver) {
        int count = Math.min(driver.backend().capabilities().maxRuns(), 5);
        if (count < 2) {
            throw new NotApplicable("a batch has one run");
        }
        int each = Math.max(1, driver.backend().capabilities().maxBatchTokens() / count);
        List<Run> runs = new ArrayList<>();
        List<List<float[]>> want = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int[] ids = driver.ids(i % 2 == 0 ? 1 : 1 + driver.random().nextInt(Math.min(each, 30)));
            SequenceState state = driver.model().newState();
            int[] before = driver.ids(5);
            int[] whole = Arrays.copyOf(before, 5 + ids.length);
            System.arraycopy(ids, 0, whole, 5, ids.length);
            want.add(driver.plain(whole).subList(5, whole.length));
            driver.feed(state, before);
            runs.add(new Run(state, ids, 0, ids.length, 0));
        }
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            order.add(i);
        }
        Collections.shuffle(order, driver.random());
        List<RunResult> results = driver.forward(order.stream().map(runs::get).toArray(Run[]::new));
        for (int i = 0; i < count; i++) {
            driver.same(
                    "run " + i + " of " + count + " in any order", Driver.rows(results.get(i)), want.get(order.get(i)));
        }
        runs.forEach(run -> run.state().close());
    }

    /** The token whose embedding is not a number. */
    static final int BAD = 3;

    /** The same model, but for one token that makes its run fail. */
    static Driver poisoned(Driver driver, RandomModel model, long seed) {
        int at = BAD * model.spec().hiddenSize() + 1;
        RandomModel fresh = RandomModel.changed(
                model.spec(), seed, "backbone.embeddings.weight", embeddings -> embeddings[at] = Float.NaN);
        return Driver.load(driver.backend(), fresh, seed);
    }

    /** A state of such a model, one of whose runs has failed. */
    static SequenceState failed(Driver poisoned) {
        SequenceState bad = poisoned.model().newState();
        poisoned.feed(bad, good(poisoned, 4));
        RunResult result = poisoned.forward(Run.last(bad, BAD)).get(0);
        require(result instanceof RunResult.Failure, "a run with NaN in it did not fail");
        return bad;
    }

    static int[] good(Driver driver, int count) {
        int[] ids = driver.ids(count);
        for (int i = 0; i < count; i++) {
            ids[i] = ids[i] == BAD ? BAD + 1 : ids[i];
        }
        return ids;
    }

    private static void aFailureStaysAlone(Driver driver, RandomModel model) {
        driver.requireBatch(3, 16);
        Driver poisoned = poisoned(driver, model, 5);
        int[] first = good(driver, 8);
        int[] second = good(driver, 8);
        List<float[]> wantFirst = poisoned.plain(first);
        List<float[]> wantSecond = poisoned.plain(second);
        try (SequenceState one = poisoned.model().newState();
                SequenceState bad = poisoned.model().newState();
                SequenceState two = poisoned.model().newState()) {
            poisoned.feed(one, Driver.first(first, 3));
            List<RunResult> results = poisoned.forward(
                    new Run(one, first, 3, 8, 3),
                    new Run(bad, new int[] {0, BAD, 1}, 0, 3, 0),
                    new Run(two, second, 0, 8, 0));
            require(results.get(1) instanceof RunResult.Failure, "a run with NaN in it did not fail");
            poisoned.same("the run before one that fails", Driver.rows(results.get(0)), wantFirst.subList(3, 8));
            poisoned.same("the run behind one that fails", Driver.rows(results.get(2)), wantSecond);
            int[] more = good(driver, 4);
            List<float[]> want = poisoned.plain(joined(second, more));
            poisoned.same("a state beside one that failed", poisoned.feed(two, more), want.subList(8, 12));
        }
    }

    private static int[] joined(int[] first, int[] second) {
        int[] whole = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, whole, first.length, second.length);
        return whole;
    }

    private static void aFailedStateCanOnlyBeClosed(Driver driver, RandomModel model) {
        Driver poisoned = poisoned(driver, model, 6);
        Lives.warm(driver); // a workspace may be made when it is first needed, and one may be the backend's
        poisoned.plain(good(driver, 5));
        poisoned.piece(poisoned.model().newState(), good(driver, 4), 0, 1);
        MemorySize before = driver.backend().memory().used();
        SequenceState bad = failed(poisoned);
        refused("length of a failed state", bad::length, IllegalStateException.class);
        refused("bytes of a failed state", bad::bytes, IllegalStateException.class);
        refused("checkpoint of a failed state", bad::checkpoint, IllegalStateException.class);
        refused(
                "forward with a failed state",
                () -> poisoned.model().forward(Batch.of(Run.last(bad, 1))),
                IllegalStateException.class);
        bad.close();
        bad.close();
        MemorySize after = driver.backend().memory().used();
        require(after.equals(before), "a failed state leaves memory when it is closed: " + before + ", then " + after);
        aFailedStateIsRefusedBesideOthers(poisoned);
    }

    private static void aFailedStateIsRefusedBesideOthers(Driver poisoned) {
        if (poisoned.backend().capabilities().maxRuns() < 2) {
            return; // none is beside another
        }
        int[] ids = good(poisoned, 6);
        List<float[]> want = poisoned.plain(ids);
        try (SequenceState bad = poisoned.model().newState();
                SequenceState state = poisoned.model().newState()) {
            poisoned.forward(Run.last(bad, BAD));
            poisoned.feed(state, Driver.first(ids, 3));
            refused(
                    "a batch with a failed state",
                    () -> poisoned.model().forward(Batch.of(new Run(state, ids, 3, 4, 3), Run.last(bad, ids[0]))),
                    IllegalStateException.class);
            require(state.length() == 3, "beside a failed state one of 3 tokens got length " + state.length());
            poisoned.same(
                    "a state beside one that had failed",
                    poisoned.feed(state, Driver.tail(ids, 3)),
                    want.subList(3, ids.length));
        }
    }

    private static void malformedBatchesAreRefused(Subject subject, Driver driver, RandomModel model) {
        LanguageModel own = driver.model();
        int vocabulary = model.spec().vocabularySize();
        int[] ids = driver.ids(6);
        List<float[]> want = driver.plain(ids);
        SequenceState state = own.newState();
        driver.feed(state, Driver.first(ids, 3));
        SequenceState fresh = own.newState();
        SequenceState closed = own.newState();
        closed.close();
        LanguageModel other = driver.backend().load(model.spec(), model.weights(), LoadProgress.NONE);
        SequenceState foreign = other.newState();
        Run good = new Run(state, ids, 3, 4, 3);
        refuse(driver, "a closed state", good, Run.last(closed, 1));
        refuse(driver, "a state of another model", good, Run.last(foreign, 1));
        refuse(driver, "a state of another backend", good, Run.last(new Stranger(), 1));
        refuse(driver, "an id behind the vocabulary", good, Run.last(fresh, vocabulary));
        refuse(driver, "an id behind the vocabulary at the end", good, Run.last(fresh, 1, vocabulary));
        refuse(driver, "a negative id", good, Run.last(fresh, -1));
        if (driver.takes(2, 2)) {
            refuse(own, "the same state twice", good, Run.last(state, 1));
            if (driver.takes(3, 3)) {
                refuse(own, "the same state on both sides of another", good, Run.last(fresh, 1), Run.last(state, 1));
            }
        } else {
            subject.note("a batch has one run, so that none was looked at beside another");
        }
        tooLargeBatchesAreRefused(driver, good, fresh);
        require(state.length() == 3, "a refused batch changed the length of a state to " + state.length());
        require(fresh.length() == 0, "a refused batch changed the length of an empty state to " + fresh.length());
        driver.same("a state after refused batches", driver.feed(state, Driver.tail(ids, 3)), want.subList(3, 6));
        driver.same("an empty state after refused batches", driver.feed(fresh, ids), want);
        foreign.close();
        other.close();
    }

    private static void tooLargeBatchesAreRefused(Driver driver, Run good, SequenceState fresh) {
        LanguageModel own = driver.model();
        int most = driver.backend().capabilities().maxBatchTokens();
        if (most < 1 << 22) {
            refuse(own, "a token more than a batch takes", Run.last(fresh, new int[most + 1]));
            if (driver.takes(2, 2)) {
                refuse(own, "more tokens than a batch takes", good, Run.last(fresh, new int[most]));
            }
        }
        int runs = driver.backend().capabilities().maxRuns();
        if (runs < 4096) {
            Run[] many = new Run[runs + 1];
            for (int i = 0; i < many.length; i++) {
                many[i] = i == 0 ? good : Run.last(own.newState(), 1);
            }
            refuse(own, "more runs than a batch takes", many);
        }
    }

    /** A run alone, and beside one that is right, where a batch may be so large. */
    private static void refuse(Driver driver, String what, Run good, Run bad) {
        if (driver.takes(1, bad.size())) {
            refuse(driver.model(), what, bad);
        }
        if (driver.takes(2, good.size() + bad.size())) {
            refuse(driver.model(), what, good, bad);
        }
    }

    private static void refuse(LanguageModel model, String what, Run... runs) {
        refused(
                "a batch with " + what,
                () -> model.forward(Batch.of(runs)),
                IllegalArgumentException.class,
                IllegalStateException.class);
    }
}
