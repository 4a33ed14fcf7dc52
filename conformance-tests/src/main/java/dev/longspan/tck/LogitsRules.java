package dev.longspan.tck;

import static dev.longspan.tck.ConformanceRule.required;
import static dev.longspan.tck.Driver.refused;
import static dev.longspan.tck.Driver.require;

import dev.longspan.spi.Backend;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.Logits;
import dev.longspan.spi.PlanOptions;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import java.util.Arrays;
import java.util.List;

/** The rules of logits. */
final class LogitsRules {
    /** A third of the largest float32. */
    private static final float LARGE = 1e38f;
    /** Of how many rows the largest logits are asked for. */
    private static final int ROWS = 30;
    /** How much larger than others the largest logits are. */
    private static final float LOUD = 100;

    private static final int BETWEEN_TWINS = 3000;

    private LogitsRules() {}

    static List<ConformanceRule> all() {
        return List.of(
                required(
                        "L1.validity",
                        "logits are valid until the next forward, and refuse rows and targets that do not fit",
                        "count the calls of forward, and compare the count in every method of Logits",
                        subject -> subject.models((driver, model) -> logitsEnd(driver))),
                required(
                        "L1.stays",
                        "until then logits stay, whatever else is done: with states, checkpoints and other models",
                        "a buffer of logits belongs to one model, and to no state; only forward writes to it",
                        subject -> subject.models((driver, model) -> logitsStay(driver, model))),
                required(
                        "L1.rows",
                        "there are as many rows as were asked for, each of the token it was asked for",
                        "logitsFrom counts from the run's first id",
                        subject -> subject.models((driver, model) -> rowsAreThoseAskedFor(driver))),
                required(
                        "L2.lowest",
                        "argMax answers the lowest id among equal largest logits, also where all of them are negative",
                        "a reduction that keeps the later of two equal numbers, or begins at 0",
                        subject -> subject.models(LogitsRules::argMaxIsTheLowest)),
                required(
                        "L2.large",
                        "all ids of a vocabulary of 70 000 can be fed, and argMax looks at all of them",
                        "ids in 15 or 16 bits, as inputs and as answers; a reduction over one block of ids; tensors that are read in blocks, of 8 MiB or so",
                        subject -> subject.once(() -> largeIdsAreRight(subject))),
                required(
                        "L3.finite",
                        "logits that are not finite fail their run",
                        "look at the logits (or at the last hidden row) of every run",
                        subject -> subject.models((driver, model) -> notFiniteFails(driver, model))),
                required(
                        "L3.infinite",
                        "logits that are infinite fail their run, though they are numbers",
                        "ask whether every logit is finite, not only whether it is NaN",
                        subject -> subject.models((driver, model) -> infiniteFails(driver, model))));
    }

    private static void logitsEnd(Driver driver) {
        SequenceState state = driver.model().newState();
        Run run = Run.last(state, driver.ids(driver.most(2))); // of two tokens one has logits
        Logits logits = Driver.success(driver.forward(run).get(0));
        int size = logits.vocabularySize();
        require(size == driver.model().spec().vocabularySize(), "a row has " + size + " numbers");
        refused("argMax of row 1 of 1", () -> logits.argMax(1), IndexOutOfBoundsException.class);
        refused("argMax of row -1", () -> logits.argMax(-1), IndexOutOfBoundsException.class);
        refused("copy of row 1 of 1", () -> logits.copyTo(1, new float[size]), IndexOutOfBoundsException.class);
        refused("copy to a short target", () -> logits.copyTo(0, new float[size - 1]), IndexOutOfBoundsException.class);
        float[] longer = new float[size + 3];
        Arrays.fill(longer, 7);
        logits.copyTo(0, longer);
        require(longer[size] == 7 && longer[size + 2] == 7, "a copy wrote behind its row");
        driver.forward(new Run(state, new int[] {3}, 0, 1, 1));
        refused("argMax after the next forward", () -> logits.argMax(0), IllegalStateException.class);
        refused("copy after the next forward", () -> logits.copyTo(0, new float[size]), IllegalStateException.class);
        state.close();
    }

    private static void logitsStay(Driver driver, RandomModel model) {
        Driver other = Driver.load(driver.backend(), model, 1);
        SequenceState state = driver.model().newState();
        int count = driver.most(2);
        RunResult result =
                driver.forward(new Run(state, driver.ids(count), 0, count, 0)).get(0);
        Kept logits = new Kept(result, Driver.rows(result));
        other.plain(other.ids(9));
        logits.remain("after another model computed");
        other.model().close();
        logits.remain("after another model was closed");
        logitsStayBesideCheckpoints(driver, state, logits);
        state.close();
        logits.remain("after their state was closed");
    }

    /** What else an engine does before it looks at the logits of its last call. */
    private static void logitsStayBesideCheckpoints(Driver driver, SequenceState state, Kept logits) {
        Checkpoint checkpoint = state.checkpoint();
        logits.remain("after a checkpoint was taken");
        driver.model().newState().close();
        logits.remain("after a state was made and closed");
        driver.model().newState(checkpoint).close();
        logits.remain("after a state was made of a checkpoint and closed");
        driver.backend().plan(driver.model().spec(), new PlanOptions(1, 1, 1));
        logits.remain("after a plan was made");
        if (driver.transfers()) {
            MemoryCheckpoint written = MemoryCheckpoint.of(checkpoint);
            logits.remain("after a checkpoint was written");
            driver.model().readCheckpoint(written).close();
            logits.remain("after a checkpoint was read");
            driver.model().readCheckpoint(written, checkpoint).close();
            logits.remain("after a checkpoint was read on a base");
        }
        checkpoint.close();
        logits.remain("after a checkpoint was closed");
    }

    /** Logits, and what they were at first. */
    private record Kept(RunResult result, List<float[]> before) {
        void remain(String when) {
            List<float[]> after;
            int largest;
            try {
                after = Driver.rows(result);
                largest = Driver.success(result).argMax(0);
            } catch (IllegalStateException e) {
                throw new AssertionError("logits are no longer valid " + when + ": " + e, e);
            }
            for (int r = 0; r < before.size(); r++) {
                require(Arrays.equals(before.get(r), after.get(r)), "row " + r + " is another " + when);
            }
            require(largest == Driver.lowestOfTheLargest(before.get(0)), "argMax answers " + largest + " " + when);
        }
    }

    private static void rowsAreThoseAskedFor(Driver driver) {
        int count = driver.most(20);
        int[] ids = driver.ids(count);
        List<float[]> want = driver.plain(ids);
        for (int from : new int[] {0, Math.min(7, count), count - 1, count}) {
            try (SequenceState state = driver.model().newState()) {
                List<float[]> rows = Driver.rows(
                        driver.forward(new Run(state, ids, 0, count, from)).get(0));
                driver.same("logits from " + from + " on", rows, want.subList(from, count));
            }
        }
    }

    /** What every embedding has in one dimension, so that no layer turns its sign. */
    private static final float COMMON = 20;

    private static void argMaxIsTheLowest(Driver driver, RandomModel model) {
        int hidden = model.spec().hiddenSize();
        int half = model.spec().vocabularySize() / 2 * hidden;
        long seed = driver.random().nextLong();
        RandomModel twins = RandomModel.changed(
                model.spec(),
                seed,
                "lm_head.weight",
                head -> System.arraycopy(head, 0, head, half, half)); // every logit but the last is there twice
        argMaxIsTheLowestOf(Driver.load(driver.backend(), twins, 1), ROWS);
        RandomModel below = RandomModel.changed(model.spec(), seed, "backbone.embeddings.weight", all -> {
                    for (int i = 0; i < all.length; i += hidden) {
                        all[i] = COMMON;
                    }
                })
                .with("lm_head.weight", head -> {
                    for (int i = 0; i < head.length; i += hidden) {
                        head[i] = -5 - Math.abs(head[i]); // against the common dimension: every logit is negative
                    }
                    System.arraycopy(head, 0, head, half, half);
                });
        argMaxIsTheLowestOf(Driver.load(driver.backend(), below, 1), ROWS);
    }

    /** The largest logits are at the end of the vocabulary, each there twice: ids need more than 16 bits. */
    private static void largeIdsAreRight(Subject subject) {
        Backend backend = subject.open();
        RandomModel model = TinyNetworks.ofManyIds(backend, subject.seed());
        int hidden = model.spec().hiddenSize();
        model.with("lm_head.weight", head -> {
            int end = head.length - hidden;
            for (int d = 0; d < hidden; d++) {
                float loud = LOUD * head[end + d];
                for (int twin = 0; twin <= BETWEEN_TWINS; twin += BETWEEN_TWINS) {
                    head[end - twin * hidden + d] = loud;
                    head[end - (twin + 1) * hidden + d] = -loud; // one of both is larger than all others
                }
            }
        });
        Driver loaded = Driver.load(backend, model, subject.seed());
        argMaxIsTheLowestOf(loaded, ROWS);
        int last = model.spec().vocabularySize() - 1;
        int[] ids = {Short.MAX_VALUE, Short.MAX_VALUE + 1, Character.MAX_VALUE, Character.MAX_VALUE + 1, last};
        new Judge(new Oracle(model.spec(), model.weights()), ids, loaded.tolerance())
                .compare("with large ids, logits", loaded.plain(ids));
    }

    /** Asks for the largest logits of some rows of random ids. */
    static void argMaxIsTheLowestOf(Driver loaded, int rows) {
        int count = Math.min(rows, loaded.backend().capabilities().maxBatchTokens());
        int[] ids = loaded.ids(count);
        try (SequenceState state = loaded.model().newState()) {
            Logits logits = Driver.success(
                    loaded.forward(new Run(state, ids, 0, count, 0)).get(0));
            float[] row = new float[logits.vocabularySize()];
            for (int r = 0; r < count; r++) {
                logits.copyTo(r, row);
                int lowest = Driver.lowestOfTheLargest(row);
                int found = logits.argMax(r);
                require(
                        found == lowest,
                        "argMax answers " + found + ", the lowest of the largest logits has " + lowest);
            }
        }
    }

    private static void notFiniteFails(Driver driver, RandomModel model) {
        Driver poisoned = BatchRules.poisoned(driver, model, 9);
        int[] ids = driver.takes(1, 2) ? new int[] {0, BatchRules.BAD} : new int[] {BatchRules.BAD};
        try (SequenceState bad = poisoned.model().newState()) {
            RunResult result = poisoned.forward(Run.last(bad, ids)).get(0);
            if (result instanceof RunResult.Failure failure) {
                require(failure.cause().getMessage() != null, "the failure has no message");
            } else {
                throw new AssertionError("logits that are not numbers were handed out");
            }
        }
    }

    /** The last norm makes logits larger than a float32 can be, of which none is the difference of two that are. */
    private static void infiniteFails(Driver driver, RandomModel model) {
        RandomModel loud =
                RandomModel.changed(model.spec(), 11, "backbone.norm_f.weight", weights -> Arrays.fill(weights, LARGE));
        double largest = 0;
        int[] ids = driver.ids(20);
        OracleResult numbers = new Oracle(loud.spec(), loud.weights()).compute(ids);
        for (int t = 0; t < ids.length; t++) {
            for (double number : numbers.logits(t)) {
                largest = Math.max(largest, Math.abs(number));
            }
        }
        if (largest < 2 * (double) Float.MAX_VALUE) {
            return; // none of this network's happens to be so large
        }
        Driver loaded = Driver.load(driver.backend(), loud, 11);
        try (SequenceState state = loaded.model().newState()) {
            boolean failed = false;
            for (int from = 0, to; from < ids.length && !failed; from = to) {
                to = from + driver.most(ids.length - from);
                RunResult result =
                        loaded.forward(new Run(state, ids, from, to, from)).get(0);
                failed = result instanceof RunResult.Failure;
            }
            require(failed, "logits beyond the largest float32 were handed out");
        }
    }
}
