package dev.longspan.tck;

import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.Logits;
import dev.longspan.spi.MemorySize;
import dev.longspan.spi.Run;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;

/** A state that is watched. */
final class AssertingState implements SequenceState {
    private final AssertingModel model;
    private final SequenceState state;
    private int length; // of the thread that computes
    private volatile boolean failed;
    private volatile boolean closed;

    AssertingState(AssertingModel model, SequenceState state, int length) {
        this.model = model;
        this.state = state;
        this.length = length;
        model.contract()
                .backend(state.length() == length, "S1", () -> "a new state of " + length + " has " + state.length());
    }

    AssertingModel model() {
        return model;
    }

    SequenceState watched() {
        return state;
    }

    void requireUsable(String call) {
        model.contract().caller(!closed, "Z1", () -> call + " with a closed state");
        model.contract().caller(!failed, "B4", () -> call + " with a failed state");
    }

    /** Looks at what became of a run. */
    RunResult took(Run run, RunResult result) {
        Contract contract = model.contract();
        if (result instanceof RunResult.Success success) {
            length += run.size();
            int now = state.length();
            contract.backend(now == length, "S1", () -> "a state of " + length + " tokens has length " + now);
            int rows = success.logits().rows();
            contract.backend(
                    rows == run.logitsRows(), "L1", () -> run.logitsRows() + " rows were asked for, found " + rows);
            checkSize(state.bytes(), state.exclusiveBytes());
            Logits watched = new AssertingLogits(model, success.logits());
            return new RunResult.Success(watched);
        }
        failed = true;
        boolean refuses = false;
        try {
            state.length();
        } catch (IllegalStateException e) {
            refuses = true;
        }
        contract.backend(refuses, "B4", () -> "a failed state tells its length");
        return result;
    }

    private void checkSize(long bytes, long exclusive) {
        model.contract()
                .backend(exclusive >= 0 && exclusive <= bytes, "S5", () -> exclusive + " exclusive bytes of " + bytes);
        AssertingBackend.Planned planned = model.planned();
        if (planned != null) {
            MemorySize most = planned.plan().sequence(length);
            model.contract()
                    .backend(
                            bytes <= most.totalBytes(),
                            "M2",
                            () -> "a state of " + length + " tokens has " + bytes + " bytes, planned " + most);
        }
    }

    @Override
    public int length() {
        requireUsable("length");
        return state.length();
    }

    @Override
    public long bytes() {
        requireUsable("bytes");
        return state.bytes();
    }

    @Override
    public long exclusiveBytes() {
        requireUsable("exclusiveBytes");
        return state.exclusiveBytes();
    }

    @Override
    public Checkpoint checkpoint() {
        requireUsable("checkpoint");
        return model.contract().onEngine("checkpoint", () -> {
            Checkpoint taken = state.checkpoint();
            model.contract()
                    .backend(
                            taken.length() == length,
                            "S1",
                            () -> "a checkpoint of a state of " + length + " tokens has length " + taken.length());
            return new AssertingCheckpoint(model, taken);
        });
    }

    @Override
    public void close() {
        closed = true;
        model.contract().onEngine("close of a state", () -> {
            state.close();
            return this;
        });
    }
}
