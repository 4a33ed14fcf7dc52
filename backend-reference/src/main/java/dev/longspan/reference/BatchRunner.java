package dev.longspan.reference;

import dev.longspan.reference.memory.SequenceMemory;
import dev.longspan.reference.network.LogitsRows;
import dev.longspan.reference.network.NetworkRunner;
import dev.longspan.reference.network.Pass;
import dev.longspan.spi.BackendException;
import dev.longspan.spi.BackendMemoryException;
import dev.longspan.spi.Batch;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Computes batches: checks them, cuts them into passes, and tells what became of each run. One thread at a time. */
final class BatchRunner {
    private final ReferenceModel model;
    private final NetworkRunner network;
    private final Pass pass = new Pass();
    private final ReferenceState[] states = new ReferenceState[ReferenceBackend.MAX_RUNS];
    private final @Nullable BackendException[] failures = new BackendException[ReferenceBackend.MAX_RUNS];
    private final int vocabularySize;
    private volatile long batches;

    BatchRunner(ReferenceModel model, NetworkRunner network) {
        this.model = model;
        this.network = network;
        vocabularySize = model.spec().vocabularySize();
    }

    int vocabularySize() {
        return vocabularySize;
    }

    LogitsRows logits() {
        return network.logits();
    }

    void requireCurrent(long batch) {
        if (batch != batches || model.isClosed()) {
            throw new IllegalStateException(
                    "the logits are no longer valid: they end with the model's next forward, or its close");
        }
    }

    List<RunResult> run(Batch batch) {
        int count = batch.runs().size();
        try {
            check(batch);
            reserve(batch);
            long number = batches + 1;
            batches = number;
            compute(batch);
            return results(batch, number);
        } finally {
            for (int i = 0; i < Math.min(count, states.length); i++) {
                states[i] = null;
                failures[i] = null;
            }
            pass.clear();
        }
    }

    /** Refuses a malformed batch before anything changes. */
    private void check(Batch batch) {
        List<Run> runs = batch.runs();
        if (runs.size() > ReferenceBackend.MAX_RUNS || batch.tokens() > ReferenceBackend.MAX_BATCH_TOKENS) {
            throw new IllegalArgumentException("batch: expected at most " + ReferenceBackend.MAX_RUNS + " runs and "
                    + ReferenceBackend.MAX_BATCH_TOKENS + " tokens, found " + runs.size() + " and " + batch.tokens());
        }
        for (int i = 0; i < runs.size(); i++) {
            Run run = runs.get(i);
            if (!(run.state() instanceof ReferenceState state) || state.model() != model) {
                throw new IllegalArgumentException("runs[" + i + "]: expected a state of this model, found another's");
            }
            for (int j = 0; j < i; j++) {
                if (states[j] == state) {
                    throw new IllegalArgumentException("runs[" + i + "]: the same state as runs[" + j + "]");
                }
            }
            states[i] = state;
            if (state.memory().length() > Integer.MAX_VALUE - 8 - run.size()) {
                throw new IllegalArgumentException("runs[" + i + "]: too many tokens for one sequence");
            }
            checkIds(i, run);
        }
    }

    private void checkIds(int index, Run run) {
        for (int j = 0; j < run.size(); j++) {
            if (run.id(j) < 0 || run.id(j) >= vocabularySize) {
                throw new IllegalArgumentException("runs[" + index + "]: id " + j + ": expected 0 to "
                        + (vocabularySize - 1) + ", found " + run.id(j));
            }
        }
    }

    /** Makes room for all that will be computed; a sequence without room fails alone. */
    private void reserve(Batch batch) {
        int longest = 0;
        int logitsRows = 0;
        List<Run> runs = batch.runs();
        for (int i = 0; i < runs.size(); i++) {
            longest =
                    Math.max(longest, states[i].memory().length() + runs.get(i).size());
            logitsRows += runs.get(i).logitsRows();
        }
        int rows = Math.min(batch.tokens(), Pass.MAX_ROWS);
        try {
            network.reserve(rows, longest, logitsRows);
        } catch (OutOfMemoryError e) {
            throw new BackendMemoryException("the workspace of a batch", 0, e);
        }
        for (int i = 0; i < runs.size(); i++) {
            SequenceMemory memory = states[i].memory();
            try {
                memory.reserve(memory.length() + runs.get(i).size());
            } catch (BackendMemoryException e) {
                failures[i] = e;
            }
        }
    }

    private void compute(Batch batch) {
        boolean done = false;
        try {
            passes(batch);
            done = true;
        } finally {
            if (!done) {
                for (int i = 0; i < batch.runs().size(); i++) {
                    states[i].fail();
                }
            }
        }
    }

    private void passes(Batch batch) {
        List<Run> runs = batch.runs();
        int firstLogits = 0;
        pass.clear();
        int passLogits = 0;
        for (int i = 0; i < runs.size(); i++) {
            Run run = runs.get(i);
            if (failures[i] == null) {
                pass.begin(states[i].memory());
                for (int j = 0; j < run.size(); j++) {
                    if (pass.rows() == Pass.MAX_ROWS) {
                        finishPass(passLogits);
                        passLogits = 0;
                        pass.begin(states[i].memory());
                    }
                    if (j >= run.logitsFrom()) {
                        network.choose(passLogits++, pass.rows(), firstLogits + j - run.logitsFrom());
                    }
                    pass.add(run.id(j));
                }
            }
            firstLogits += run.logitsRows();
        }
        if (pass.rows() > 0) {
            finishPass(passLogits);
        }
    }

    private void finishPass(int passLogits) {
        network.run(pass);
        network.head(passLogits);
        pass.clear();
    }

    private List<RunResult> results(Batch batch, long number) {
        List<Run> runs = batch.runs();
        List<RunResult> results = new ArrayList<>(runs.size());
        int first = 0;
        for (int i = 0; i < runs.size(); i++) {
            int rows = runs.get(i).logitsRows();
            BackendException failure = failures[i];
            for (int row = first; row < first + rows && failure == null; row++) {
                if (!network.check(row)) {
                    failure = new BackendException("run " + i + ": logits row " + (row - first)
                            + " holds NaN or infinity; its state can only be closed");
                }
            }
            if (failure != null) {
                states[i].fail();
                results.add(new RunResult.Failure(failure));
            } else {
                results.add(new RunResult.Success(new ReferenceLogits(this, number, first, rows)));
            }
            first += rows;
        }
        return results;
    }
}
