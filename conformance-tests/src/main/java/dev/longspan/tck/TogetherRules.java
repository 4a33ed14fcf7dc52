package dev.longspan.tck;

import static dev.longspan.tck.ConformanceRule.numeric;
import static dev.longspan.tck.ConformanceRule.required;
import static dev.longspan.tck.Driver.require;

import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.Logits;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** The rules of batches as an engine makes them: prompts and steps of some states, again and again, and what they have in common. */
final class TogetherRules {
    private static final int RUNS = 5;
    private static final int BATCHES = 4;
    private static final int LENGTH = 70;
    /** The fewest and the most tokens of the kinds of runs: a step, a tool's answer, prompts behind one and behind two blocks of 64. */
    private static final int[][] SIZES = {{1, 1}, {2, 9}, {65, 80}, {129, 140}};

    private TogetherRules() {}

    static List<ConformanceRule> all() {
        return List.of(
                numeric(
                        "B2.mixed",
                        "batches of prompts and steps, with all, some or no logits, go on right one after the other",
                        "offsets of rows and tokens in a batch whose runs differ; argMax of the very rows that were asked for",
                        subject -> subject.models((driver, model) -> mixedBatchesAreRight(driver))),
                required(
                        "B3.back",
                        "a run that fails leaves the checkpoints before it, from which its state started or which are of it",
                        "what a failed state lets go of is only its own: count the holders",
                        subject -> subject.states((driver, model) -> aFailureLeavesCheckpoints(driver, model))),
                numeric(
                        "S4.together",
                        "states from one checkpoint are independent in one batch, too",
                        "the last, partial page: each copies it before any run of the batch writes to it",
                        subject -> subject.states((driver, model) -> forksGoOnTogether(driver))));
    }

    /** One of the sequences that grow side by side. */
    private static final class Growing {
        final SequenceState state;
        final int[] ids;
        final List<float[]> want;
        int done;

        Growing(Driver driver, int[] ids) {
            this.ids = ids;
            this.want = driver.plain(ids);
            this.state = driver.model().newState();
        }

        /** The next so many tokens, with logits of some of them. */
        Run next(int size, Random random) {
            int from = switch (random.nextInt(4)) {
                case 0 -> size;
                case 1 -> 0;
                case 2 -> size - 1;
                default -> random.nextInt(size);
            };
            return new Run(state, ids, done, done + size, done + from);
        }

        void check(Driver driver, String what, Run run, RunResult result) {
            int rows = run.logitsRows();
            int to = done + run.size();
            Logits logits = Driver.success(result);
            require(logits.rows() == rows, what + ": expected " + rows + " rows of logits, found " + logits.rows());
            List<float[]> got = Driver.rows(result);
            driver.same(what, got, want.subList(to - rows, to));
            for (int r = 0; r < rows; r++) {
                int largest = Driver.lowestOfTheLargest(got.get(r));
                int found = logits.argMax(r);
                require(found == largest, what + ", row " + r + ": argMax answers " + found + ", expected " + largest);
            }
            done = to;
        }
    }

    static void mixedBatchesAreRight(Driver driver) {
        driver.requireBatch(2, 2);
        int count = Math.min(RUNS, driver.backend().capabilities().maxRuns());
        int most = driver.backend().capabilities().maxBatchTokens();
        int longest = 0;
        for (int[] size : SIZES) {
            longest += (BATCHES + SIZES.length - 1) / SIZES.length * size[1];
        }
        List<Growing> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(new Growing(driver, driver.ids(longest)));
        }
        for (int batch = 0; batch < BATCHES; batch++) {
            int left = most;
            List<Growing> order = new ArrayList<>(all);
            Collections.shuffle(order, driver.random());
            List<Run> runs = new ArrayList<>();
            for (Growing each : order) {
                int[] sizes = SIZES[(batch + all.indexOf(each)) % SIZES.length];
                int drawn = sizes[0] + driver.random().nextInt(sizes[1] - sizes[0] + 1);
                int size = Math.min(drawn, left - (count - 1 - runs.size())); // one token for each of the others
                left -= size;
                runs.add(each.next(Math.max(1, size), driver.random()));
                if (left <= 0) {
                    break;
                }
            }
            List<RunResult> results = driver.forward(runs.toArray(Run[]::new));
            for (int i = 0; i < runs.size(); i++) {
                String what = "batch " + batch + ", run " + i + " of " + runs.size();
                order.get(i).check(driver, what, runs.get(i), results.get(i));
            }
        }
        all.forEach(each -> each.state.close());
    }

    private static void aFailureLeavesCheckpoints(Driver driver, RandomModel model) {
        Driver poisoned = BatchRules.poisoned(driver, model, 7);
        int[] ids = BatchRules.good(driver, LENGTH);
        List<float[]> want = poisoned.plain(ids);
        int early = 1 + driver.random().nextInt(LENGTH - 30);
        int late = early + 1 + driver.random().nextInt(20);
        SequenceState origin = poisoned.model().newState();
        poisoned.absorb(origin, Driver.first(ids, early), early);
        try (Checkpoint before = origin.checkpoint()) {
            origin.close();
            SequenceState bad = poisoned.model().newState(before);
            poisoned.absorb(bad, Arrays.copyOfRange(ids, early, late), late);
            try (Checkpoint of = bad.checkpoint()) {
                poisoned.absorb(bad, Driver.tail(ids, late), LENGTH);
                List<RunResult> results = poisoned.forward(Run.last(bad, BatchRules.BAD));
                require(results.get(0) instanceof RunResult.Failure, "a run with NaN in it did not fail");
                goesOn(poisoned, "the checkpoint of a state that failed", of, ids, want);
                bad.close();
                poisoned.plain(BatchRules.good(driver, 40)); // takes what was freed
                goesOn(poisoned, "the checkpoint of a failed state that is closed", of, ids, want);
                goesOn(poisoned, "the checkpoint that a failed state started from", before, ids, want);
            }
        }
    }

    static void goesOn(Driver driver, String what, Checkpoint from, int[] ids, List<float[]> want) {
        int at = from.length();
        try (SequenceState again = driver.model().newState(from)) {
            driver.same(what, driver.feed(again, Driver.tail(ids, at)), want.subList(at, ids.length));
        }
    }

    static void forksGoOnTogether(Driver driver) {
        driver.requireBatch(2, 6);
        int count = Math.min(3, driver.backend().capabilities().maxRuns());
        int[] ids = driver.ids(LENGTH);
        int at = 1 + driver.random().nextInt(LENGTH - 20);
        List<int[]> branches = new ArrayList<>();
        List<List<float[]>> want = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int[] branch = Driver.first(ids, LENGTH);
            System.arraycopy(driver.ids(LENGTH - at), 0, branch, at, LENGTH - at);
            branches.add(branch);
            want.add(driver.plain(branch));
        }
        SequenceState origin = driver.model().newState();
        driver.absorb(origin, Driver.first(ids, at), at);
        Checkpoint checkpoint = origin.checkpoint();
        List<SequenceState> states = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            states.add(i == 2 ? origin : driver.model().newState(checkpoint)); // the original goes on beside two forks
        }
        for (int from = at; from < LENGTH; ) {
            int to = Math.min(LENGTH, from + 1 + driver.random().nextInt(2));
            Run[] runs = new Run[count];
            for (int i = 0; i < count; i++) {
                runs[i] = new Run(states.get(i), branches.get(i), from, to, from);
            }
            List<RunResult> results = driver.forward(runs);
            for (int i = 0; i < count; i++) {
                driver.same(
                        "fork " + i + " beside another in one batch, at " + from,
                        Driver.rows(results.get(i)),
                        want.get(i).subList(from, to));
            }
            from = to;
        }
        states.forEach(SequenceState::close);
        if (count < 3) {
            origin.close();
        }
        checkpoint.close();
    }
}
