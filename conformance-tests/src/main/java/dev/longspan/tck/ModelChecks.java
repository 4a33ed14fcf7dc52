package dev.longspan.tck;

import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Compares a model with the {@link Oracle}, and its states with each other. */
final class ModelChecks {
    private static final int LENGTH = 70;

    private static final int ATTEMPTS = 8;

    private final Driver driver;

    ModelChecks(Driver driver) {
        this.driver = driver;
    }

    void oracleAgrees(Subject subject, Oracle oracle) {
        oracleAgrees(subject, oracle, LENGTH, ATTEMPTS);
    }

    /** With sequences of some length, of which as many are tried until one has few choices that are too close to call. */
    void oracleAgrees(Subject subject, Oracle oracle, int length, int attempts) {
        int most = 0;
        for (int attempt = 0; attempt < attempts; attempt++) {
            int[] ids = driver.ids(length);
            try (SequenceState state = driver.model().newState()) {
                Judge judge = new Judge(oracle, ids, driver.tolerance());
                Judge.Verdict verdict = judge.compare("logits", driver.feed(state, ids));
                OracleResult want = verdict.want();
                if (verdict.compared() == length
                        && want.firstNarrow(driver.tolerance().gap()) == length) {
                    compareState(state, judge, want);
                }
                most = Math.max(most, verdict.compared());
                if (most >= length / 2) {
                    return;
                }
            }
        }
        subject.tellCompared(most, length);
    }

    private void compareState(SequenceState state, Judge judge, OracleResult want) {
        if (!driver.transfers()) {
            return;
        }
        try (Checkpoint checkpoint = state.checkpoint()) {
            MemoryCheckpoint written = MemoryCheckpoint.of(checkpoint);
            for (String name : written.names()) {
                float[] got = written.numbers(name);
                if (!driver.tolerance()
                        .agree(got, want.state(name), driver.tolerance().oracle())) {
                    driver.tolerance().compare(name, got, want.state(name), judge.allowed(want, name));
                }
            }
        }
    }

    void splitsDoNotMatter() {
        int[] ids = driver.ids(LENGTH);
        List<float[]> want = driver.plain(ids);
        for (int round = 0; round < 4; round++) {
            int longest = round == 0 ? 1 : 1 + driver.random().nextInt(LENGTH);
            try (SequenceState state = driver.model().newState()) {
                for (int from = 0; from < ids.length; ) {
                    int to = Math.min(ids.length, from + 1 + driver.random().nextInt(longest));
                    driver.same(
                            "fed in pieces, rows " + from + " to " + to,
                            driver.piece(state, ids, from, to),
                            want.subList(from, to));
                    from = to;
                }
            }
        }
    }

    void aBatchEqualsItsRuns() {
        int runs = Math.min(4, driver.backend().capabilities().maxRuns());
        List<int[]> prompts = new ArrayList<>();
        List<List<float[]>> want = new ArrayList<>();
        List<SequenceState> states = new ArrayList<>();
        for (int i = 0; i < runs; i++) {
            int[] ids = driver.ids(LENGTH / 2);
            prompts.add(ids);
            want.add(driver.plain(ids));
            states.add(driver.model().newState());
        }
        int[] done = new int[runs];
        List<Integer> left = new ArrayList<>();
        do {
            left.clear();
            for (int i = 0; i < runs; i++) {
                if (done[i] < prompts.get(i).length) {
                    left.add(i);
                }
            }
            Collections.shuffle(left, driver.random());
            step(
                    left.subList(0, left.isEmpty() ? 0 : 1 + driver.random().nextInt(left.size())),
                    prompts,
                    states,
                    done,
                    want);
        } while (!left.isEmpty());
        states.forEach(SequenceState::close);
    }

    /** One batch of some of the sequences, in any order, with pieces of any size. */
    private void step(
            List<Integer> which,
            List<int[]> prompts,
            List<SequenceState> states,
            int[] done,
            List<List<float[]>> want) {
        if (which.isEmpty()) {
            return;
        }
        int each = Math.max(1, driver.backend().capabilities().maxBatchTokens() / which.size());
        List<Run> runs = new ArrayList<>();
        for (int i : which) {
            int to = Math.min(
                    prompts.get(i).length, done[i] + 1 + driver.random().nextInt(Math.min(each, 12)));
            runs.add(new Run(states.get(i), prompts.get(i), done[i], to, done[i]));
        }
        List<RunResult> results = driver.forward(runs.toArray(Run[]::new));
        for (int r = 0; r < runs.size(); r++) {
            int i = which.get(r);
            int to = done[i] + runs.get(r).size();
            driver.same(
                    "run " + r + " of a batch of " + runs.size(),
                    Driver.rows(results.get(r)),
                    want.get(i).subList(done[i], to));
            done[i] = to;
        }
    }
}
