package dev.longspan.tck;

import static dev.longspan.tck.ConformanceRule.numeric;

import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The rules of networks that choose anchors and experts, in all ways in which ids may come.
 *
 * <p>A backend whose splits and batches may differ in the last bits may choose otherwise in each of them, so they are not compared
 * with each other but each with the oracle, which is told the choices that are too close to call.
 */
final class ChoiceRules {
    private static final int LENGTH = 60;
    private static final int SHORT = 40;
    /** How many sequences are tried until one has few choices that are too close to call. */
    private static final int ATTEMPTS = 4;

    private static final List<Subject.Network> NETWORKS =
            List.of(RandomModel::spansOnly, RandomModel::expertsOnly, RandomModel::spec);

    private ChoiceRules() {}

    static List<ConformanceRule> all() {
        return List.of(
                rule(
                        "B1.choices",
                        "token by token and in pieces, anchors and experts are chosen as the oracle chooses",
                        "a decode kernel for the search or the router: its bias, its order, how many it keeps",
                        (subject, driver, oracle) -> {
                            alone(subject, driver, oracle, "token by token, logits", ids -> pieces(driver, ids, 1));
                            alone(subject, driver, oracle, "in pieces, logits", ids -> pieces(driver, ids, 9));
                        }),
                rule(
                        "B2.choices",
                        "in batches of steps and prompts, anchors and experts are chosen as the oracle chooses",
                        "a search or a router that takes the position or the rows of another run",
                        ChoiceRules::besideOthers),
                rule(
                        "S3.choices",
                        "behind a checkpoint, anchors and experts are chosen as the oracle chooses",
                        "the positions of the keys of a state that started from a checkpoint",
                        (subject, driver, oracle) -> alone(
                                subject,
                                driver,
                                oracle,
                                "from checkpoints, logits",
                                ids -> fromCheckpoints(driver, ids))));
    }

    /** What is done with a model. */
    private interface Check {
        void check(Subject subject, Driver driver, Oracle oracle);
    }

    private static ConformanceRule rule(String id, String title, String hint, Check check) {
        return numeric(
                id,
                title,
                hint,
                subject -> subject.eachOf(
                        NETWORKS,
                        (driver, model) -> check.check(subject, driver, new Oracle(model.spec(), model.weights()))));
    }

    /** One way to feed ids. */
    private interface Way {
        List<float[]> feed(int[] ids);
    }

    private static void alone(Subject subject, Driver driver, Oracle oracle, String what, Way way) {
        int most = 0;
        for (int attempt = 0; attempt < ATTEMPTS && most < LENGTH / 2; attempt++) {
            int[] ids = driver.ids(LENGTH);
            int compared = new Judge(oracle, ids, driver.tolerance())
                    .compare(what, way.feed(ids))
                    .compared();
            most = Math.max(most, compared);
        }
        subject.tellCompared(most, LENGTH);
    }

    private static List<float[]> pieces(Driver driver, int[] ids, int longest) {
        try (SequenceState state = driver.model().newState()) {
            return pieces(driver, state, ids, 0, ids.length, longest);
        }
    }

    private static List<float[]> pieces(
            Driver driver, SequenceState state, int[] ids, int begin, int end, int longest) {
        List<float[]> rows = new ArrayList<>();
        for (int from = begin; from < end; ) {
            int to = Math.min(end, from + 1 + driver.random().nextInt(longest));
            rows.addAll(driver.piece(state, ids, from, to));
            from = to;
        }
        return rows;
    }

    /** To a checkpoint, from it token by token to another, and from that on. */
    private static List<float[]> fromCheckpoints(Driver driver, int[] ids) {
        int early = 1 + driver.random().nextInt(LENGTH / 2);
        int late = early + 1 + driver.random().nextInt(LENGTH - early - 2);
        List<float[]> rows = new ArrayList<>();
        try (SequenceState state = driver.model().newState()) {
            rows.addAll(driver.piece(state, ids, 0, early));
            try (Checkpoint first = state.checkpoint();
                    SequenceState again = driver.model().newState(first)) {
                driver.feed(state, driver.ids(9));
                rows.addAll(pieces(driver, again, ids, early, late, 1));
                try (Checkpoint second = again.checkpoint();
                        SequenceState last = driver.model().newState(second)) {
                    driver.feed(again, driver.ids(9));
                    rows.addAll(pieces(driver, last, ids, late, ids.length, 9));
                }
            }
        }
        return rows;
    }

    /** Sequences that grow side by side: at first by steps and prompts, then all of them by steps. */
    private static void besideOthers(Subject subject, Driver driver, Oracle oracle) {
        driver.requireBatch(2, 2);
        int runs = Math.min(4, driver.backend().capabilities().maxRuns());
        int most = Math.min(9, driver.backend().capabilities().maxBatchTokens() / runs);
        List<SequenceState> states = new ArrayList<>();
        List<int[]> ids = new ArrayList<>();
        List<List<float[]>> got = new ArrayList<>();
        for (int i = 0; i < runs; i++) {
            states.add(driver.model().newState());
            ids.add(driver.ids(SHORT));
            got.add(new ArrayList<>());
        }
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < runs; i++) {
            order.add(i);
        }
        while (!order.isEmpty()) {
            Collections.shuffle(order, driver.random());
            List<Run> batch = new ArrayList<>();
            for (int i : order) {
                int done = got.get(i).size();
                int longest = done < SHORT / 2 && most > 1 && driver.random().nextBoolean() ? most : 1;
                int to = Math.min(SHORT, done + 1 + driver.random().nextInt(longest));
                batch.add(new Run(states.get(i), ids.get(i), done, to, done));
            }
            List<RunResult> results = driver.forward(batch.toArray(Run[]::new));
            for (int r = 0; r < batch.size(); r++) {
                got.get(order.get(r)).addAll(Driver.rows(results.get(r)));
            }
            order.removeIf(i -> got.get(i).size() >= SHORT);
        }
        states.forEach(SequenceState::close);
        int compared = 0;
        for (int i = 0; i < runs; i++) {
            Judge judge = new Judge(oracle, ids.get(i), driver.tolerance());
            compared = Math.max(
                    compared,
                    judge.compare("in a batch of " + runs + ", logits", got.get(i))
                            .compared());
        }
        subject.tellCompared(compared, SHORT);
    }
}
