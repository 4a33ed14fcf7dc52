package dev.longspan.tvm.model;

import dev.longspan.spi.BackendException;
import dev.longspan.spi.BackendMemoryException;
import dev.longspan.spi.Batch;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import dev.longspan.tvm.memory.MemoryAccount;
import dev.longspan.tvm.memory.SequenceMemory;
import dev.longspan.tvm.network.Network;
import dev.longspan.tvm.network.Pass;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Computes batches: checks them, cuts them into passes, and tells what became of each run. By who holds the runner's lock. */
final class BatchRunner {
    private final TvmModel model;
    private final Network network;
    private final MemoryAccount account;
    private final Pass pass;
    private final TvmState[] states = new TvmState[TvmBackend.MAX_RUNS];
    private final @Nullable BackendException[] failures = new BackendException[TvmBackend.MAX_RUNS];
    private final int[] passRows;
    private final float[][] passTargets;
    private final int vocabularySize;
    private float[][] logits = {};
    private int[] best = {};
    private int passLogits;
    private int batchLogits;
    /** Whether the logits of the last batch are still on the device, but for the rows that were brought. */
    private volatile boolean onDevice;

    private final boolean[] brought = new boolean[Network.HEAD_ROWS];
    private volatile long batches;

    BatchRunner(TvmModel model, Network network, MemoryAccount account) {
        this.model = model;
        this.account = account;
        this.network = network;
        this.pass = network.pass();
        passRows = new int[pass.maxRows()];
        passTargets = new float[pass.maxRows()][];
        vocabularySize = model.spec().vocabularySize();
    }

    /** {@return an upper bound of the rows of logits that it keeps} */
    static long bytes(long rows, long vocabulary) {
        return rows * (Float.BYTES * vocabulary + 32);
    }

    int vocabularySize() {
        return vocabularySize;
    }

    /** Copies a row; what the device has kept is brought when it is first asked for. */
    void copyLogits(long batch, int row, float[] target) {
        requireCurrent(batch);
        if (onDevice) {
            model.lock().lock();
            try {
                requireCurrent(batch);
                if (!brought[row]) {
                    network.logits(row, logits[row]);
                    brought[row] = true;
                }
            } finally {
                model.lock().unlock();
            }
        }
        System.arraycopy(logits[row], 0, target, 0, vocabularySize);
    }

    int best(int row) {
        return best[row];
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
            onDevice = false;
            Arrays.fill(brought, false);
            compute(batch);
            return results(batch, number);
        } finally {
            Arrays.fill(states, 0, Math.min(count, states.length), null);
            Arrays.fill(failures, 0, Math.min(count, failures.length), null);
            Arrays.fill(passTargets, null);
            passLogits = 0;
            pass.clear();
        }
    }

    /** Refuses a malformed batch before anything changes. */
    private void check(Batch batch) {
        List<Run> runs = batch.runs();
        if (runs.size() > TvmBackend.MAX_RUNS || batch.tokens() > TvmBackend.MAX_BATCH_TOKENS) {
            throw new IllegalArgumentException("batch: expected at most " + TvmBackend.MAX_RUNS + " runs and "
                    + TvmBackend.MAX_BATCH_TOKENS + " tokens, found " + runs.size() + " and " + batch.tokens());
        }
        for (int i = 0; i < runs.size(); i++) {
            Run run = runs.get(i);
            if (!(run.state() instanceof TvmState state) || state.model() != model) {
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
            for (int j = 0; j < run.size(); j++) {
                if (run.id(j) < 0 || run.id(j) >= vocabularySize) {
                    throw new IllegalArgumentException("runs[" + i + "]: id " + j + ": expected 0 to "
                            + (vocabularySize - 1) + ", found " + run.id(j));
                }
            }
        }
    }

    /** Makes room for all that will be computed; a sequence without room fails alone. */
    private void reserve(Batch batch) {
        List<Run> runs = batch.runs();
        int rows = 0;
        for (Run run : runs) {
            rows += run.logitsRows();
        }
        batchLogits = rows;
        try {
            if (rows > logits.length) {
                float[][] more = Arrays.copyOf(logits, rows);
                for (int i = logits.length; i < rows; i++) {
                    more[i] = new float[vocabularySize];
                }
                account.countHeap(bytes(rows, vocabularySize) - bytes(logits.length, vocabularySize));
                best = new int[rows];
                logits = more;
            }
        } catch (OutOfMemoryError e) {
            throw new BackendMemoryException("the logits of a batch", bytes(rows, vocabularySize), e);
        }
        for (int i = 0; i < runs.size(); i++) {
            SequenceMemory memory = states[i].memory();
            try {
                memory.reserve(memory.length() + runs.get(i).size());
                memory.locate(pass.anchor());
            } catch (BackendMemoryException e) {
                failures[i] = e;
            }
        }
    }

    /** If computing fails, nobody knows how far the states have come. */
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
        for (int i = 0; i < runs.size(); i++) {
            Run run = runs.get(i);
            if (failures[i] == null) {
                pass.begin(states[i].memory());
                for (int j = 0; j < run.size(); j++) {
                    if (pass.rows() == pass.maxRows()) {
                        finishPass();
                        pass.begin(states[i].memory());
                    }
                    if (j >= run.logitsFrom()) {
                        passRows[passLogits] = pass.rows();
                        passTargets[passLogits++] = logits[firstLogits + j - run.logitsFrom()];
                    }
                    pass.add(run.id(j));
                }
            }
            firstLogits += run.logitsRows();
        }
        if (pass.rows() > 0) {
            finishPass();
        }
        network.finish();
    }

    private void finishPass() {
        // the device keeps the logits of one pass, all of whose rows have some, and finds the best ids
        boolean head = network.findsBest()
                && passLogits == pass.rows()
                && passLogits == batchLogits
                && passLogits <= Network.HEAD_ROWS;
        network.run(head);
        if (head) {
            network.best(best, 0, passLogits);
            onDevice = true;
        } else {
            network.logits(passRows, passLogits, passTargets);
        }
        passLogits = 0;
        pass.clear();
    }

    /** Gives the logits back. */
    void release() {
        account.countHeap(-bytes(logits.length, vocabularySize));
        logits = new float[0][];
    }

    private List<RunResult> results(Batch batch, long number) {
        List<Run> runs = batch.runs();
        List<RunResult> results = new ArrayList<>(runs.size());
        int first = 0;
        for (int i = 0; i < runs.size(); i++) {
            int rows = runs.get(i).logitsRows();
            BackendException failure = failures[i];
            for (int row = first; row < first + rows && failure == null; row++) {
                best[row] = onDevice ? best[row] : bestOf(logits[row]);
                if (best[row] < 0) {
                    failure = new BackendException("run " + i + ": logits row " + (row - first)
                            + " holds NaN or infinity; its state can only be closed");
                }
            }
            if (failure != null) {
                states[i].fail();
                results.add(new RunResult.Failure(failure));
            } else {
                results.add(new RunResult.Success(new TvmLogits(this, number, first, rows)));
            }
            first += rows;
        }
        return results;
    }

    /** {@return where the largest number is, the first among equals; -1 if one is not finite} */
    private static int bestOf(float[] numbers) {
        int best = 0;
        for (int i = 0; i < numbers.length; i++) {
            if (!(Math.abs(numbers[i]) <= Float.MAX_VALUE)) {
                return -1;
            }
            best = numbers[i] > numbers[best] ? i : best;
        }
        return best;
    }
}
