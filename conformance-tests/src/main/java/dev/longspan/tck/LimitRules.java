package dev.longspan.tck;

import static dev.longspan.tck.ConformanceRule.numeric;

import dev.longspan.spi.Backend;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/** The rules of batches that are as large as the capabilities say. */
final class LimitRules {
    /** More is not tried: whoever claims more claims that there is no limit. */
    static final int MOST_RUNS = 1024;

    static final int MOST_TOKENS = 16_384;

    private static final int PIECE = 64;
    /** How long the sequences are in which runs begin: a few tokens, and some more than a few pages. */
    private static final int SHORT = 50;

    private static final int LONG = 700;
    private static final int ROWS = 70;

    private LimitRules() {}

    static List<ConformanceRule> all() {
        return List.of(
                numeric(
                        "B2.limits",
                        "batches of as many runs as the capabilities say, and of fewer, of any length, are computed rightly",
                        "buffers that are sized for fewer; what all runs of a batch share; grids that end at some number of runs",
                        LimitRules::manyRunsAreRight),
                numeric(
                        "B2.tokens",
                        "batches of as many tokens as the capabilities say, in one run and in several, are computed rightly",
                        "buffers that are sized for fewer, also those of spans and experts; the offsets of runs behind a long prompt",
                        LimitRules::manyTokensAreRight));
    }

    static int runs(Backend backend) {
        return Math.min(MOST_RUNS, backend.capabilities().maxRuns());
    }

    static int tokens(Backend backend) {
        return Math.min(MOST_TOKENS, backend.capabilities().maxBatchTokens());
    }

    private static Driver load(Subject subject) {
        Backend backend = subject.open();
        if (runs(backend) < backend.capabilities().maxRuns()) {
            subject.note("checked with " + runs(backend) + " of "
                    + backend.capabilities().maxRuns() + " runs");
        }
        if (tokens(backend) < backend.capabilities().maxBatchTokens()) {
            subject.note("checked with " + tokens(backend) + " of "
                    + backend.capabilities().maxBatchTokens() + " tokens");
        }
        return Driver.load(backend, TinyNetworks.withoutChoices(backend, subject.seed()), subject.seed());
    }

    /** A sequence that grows in batches, and what it gives alone. */
    private static final class Growing {
        final int[] ids;
        final List<float[]> want;
        final SequenceState state;
        int done;

        /** One of some ids, whose first so many are absorbed. */
        Growing(Driver driver, int[] ids, List<float[]> want, int begun) {
            this.ids = ids;
            this.want = want;
            state = driver.model().newState();
            driver.absorb(state, Driver.first(ids, begun), PIECE);
            done = begun;
        }

        /** The next tokens, with logits of the last of them. */
        Run next(int size, int rows) {
            return new Run(state, ids, done, done + size, done + size - Math.min(size, rows));
        }

        void check(Driver driver, String what, Run run, RunResult result) {
            int to = done + run.size();
            driver.same(what, Driver.rows(result), want.subList(to - run.logitsRows(), to));
            done = to;
        }
    }

    /** The logits of all positions, computed alone in small pieces. */
    private static List<float[]> alone(Driver driver, int[] ids) {
        List<float[]> rows = new ArrayList<>();
        try (SequenceState state = driver.model().newState()) {
            for (int from = 0; from < ids.length; from += PIECE) {
                rows.addAll(driver.piece(state, ids, from, Math.min(ids.length, from + PIECE)));
            }
        }
        return rows;
    }

    private static void forward(Driver driver, String what, List<Growing> order, List<Run> runs) {
        List<RunResult> results = driver.forward(runs.toArray(Run[]::new));
        for (int i = 0; i < runs.size(); i++) {
            order.get(i).check(driver, "run " + i + " of " + runs.size() + what, runs.get(i), results.get(i));
        }
    }

    /** Powers of two, one more than those, and the most: where kernels and buffers change. */
    private static List<Integer> counts(int most) {
        TreeSet<Integer> counts = new TreeSet<>();
        for (int count = 2; count < most; count *= 2) {
            counts.add(count);
            counts.add(Math.min(most, count + 1));
        }
        counts.add(most);
        return List.copyOf(counts.descendingSet());
    }

    private static void manyRunsAreRight(Subject subject) throws Exception {
        subject.once(() -> {
            Driver driver = load(subject);
            manyRunsAreRight(driver);
            ofSpansAndExperts(subject, driver.backend()).ifPresent(LimitRules::manyRunsAreRight);
        });
    }

    private static void manyRunsAreRight(Driver driver) {
        int most = runs(driver.backend());
        int tokens = tokens(driver.backend());
        List<Integer> counts = counts(most);
        int longest = 9;
        List<Growing> all = new ArrayList<>();
        for (int i = 0; i < most; i++) {
            int begun = driver.random().nextInt(i % 16 == 5 ? LONG : SHORT);
            int[] ids = driver.ids(begun + counts.size() * (longest + 1));
            all.add(new Growing(driver, ids, alone(driver, ids), begun));
        }
        for (int count : counts) {
            Collections.shuffle(all, driver.random());
            List<Growing> some = all.subList(0, count);
            List<Run> steps = new ArrayList<>();
            some.forEach(each -> steps.add(each.next(1, 1)));
            forward(driver, " steps at different lengths", some, steps);
            List<Run> prompts = new ArrayList<>();
            int each = Math.min(longest, tokens / count);
            for (Growing one : some) {
                prompts.add(one.next(1 + driver.random().nextInt(each), 2));
            }
            forward(driver, " prompts", some, prompts);
        }
        all.forEach(each -> each.state.close());
    }

    private static void manyTokensAreRight(Subject subject) throws Exception {
        subject.once(() -> {
            Driver driver = load(subject);
            int tokens = tokens(driver.backend());
            areRight(driver, tokens, sizes(tokens, Math.min(8, runs(driver.backend()))));
            List<int[]> one = List.of(new int[] {tokens}); // all of the batches above would take long
            ofSpansAndExperts(subject, driver.backend()).ifPresent(other -> areRight(other, tokens, one));
        });
    }

    /** One with spans and experts, as far as they are known. */
    private static Optional<Driver> ofSpansAndExperts(Subject subject, Backend backend) {
        return TinyNetworks.ofSpansAndExperts(backend, subject.seed())
                .map(model -> Driver.load(backend, model, subject.seed()));
    }

    /** The sizes of the runs of some batches of so many tokens. */
    private static List<int[]> sizes(int tokens, int runs) {
        List<int[]> batches = new ArrayList<>();
        batches.add(new int[] {tokens});
        for (int at = 0; at < runs && runs > 1; at += runs - 1) {
            int[] sizes = new int[runs];
            Arrays.fill(sizes, 1);
            sizes[at] = tokens - runs + 1;
            batches.add(sizes);
        }
        for (int count = 2; count <= runs; count *= 2) {
            int[] sizes = new int[count];
            Arrays.fill(sizes, tokens / count);
            batches.add(sizes);
        }
        return batches;
    }

    private static void areRight(Driver driver, int tokens, List<int[]> batches) {
        int[] ids = driver.ids(tokens + SHORT);
        List<float[]> want = alone(driver, ids);
        for (int[] sizes : batches) {
            isRight(driver, ids, want, sizes);
        }
    }

    /** One batch of runs of such sizes, each behind another number of tokens, with logits of the last rows of each. */
    private static void isRight(Driver driver, int[] ids, List<float[]> want, int[] sizes) {
        List<Growing> order = new ArrayList<>();
        List<Run> runs = new ArrayList<>();
        for (int size : sizes) {
            Growing each = new Growing(driver, ids, want, driver.random().nextInt(SHORT));
            order.add(each);
            runs.add(each.next(size, sizes.length == 1 ? size : ROWS));
        }
        int largest = Arrays.stream(sizes).max().orElse(0);
        forward(driver, " with up to " + largest + " tokens each", order, runs);
        order.forEach(each -> each.state.close());
    }
}
