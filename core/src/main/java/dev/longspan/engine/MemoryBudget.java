package dev.longspan.engine;

import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendMemoryException;
import dev.longspan.spi.MemoryPlan;
import dev.longspan.spi.MemorySize;
import java.util.List;

/**
 * The memory for states and checkpoints: what the backend has beside the model's weights and its workspace, or less if a limit
 * is set. An answer starts when there is room for its prompt and the most tokens it may get, by the backend's plan; pages that
 * it shares count once. For the engine's thread, but for {@link #requirePossible}.
 */
public final class MemoryBudget {
    private final Backend backend;
    private final MemoryPlan plan;
    private final MemorySize before;
    private final MemorySize limit;
    private final long maxStateBytes;

    /**
     * Makes a budget.
     *
     * @param backend holds the loaded model, and no state of it yet
     * @param plan its plan for the model
     * @param maxStateBytes how much states and checkpoints may take in all, beside what the backend can hold
     */
    public MemoryBudget(Backend backend, MemoryPlan plan, long maxStateBytes) {
        this.backend = backend;
        this.plan = plan;
        this.maxStateBytes = maxStateBytes;
        this.before = backend.memory().used();
        MemorySize all = backend.memory().limit();
        MemorySize fixed = plan.weights().plus(plan.workspace());
        this.limit = new MemorySize(
                Math.min(maxStateBytes, Math.max(0, all.deviceBytes() - fixed.deviceBytes())),
                Math.min(maxStateBytes, Math.max(0, all.hostBytes() - fixed.hostBytes())));
    }

    /**
     * Refuses a sequence that will never fit.
     *
     * @throws BackendMemoryException if all memory for sequences together is too little for it
     */
    void requirePossible(GenerationSpec spec) {
        MemorySize needed = plan.sequence(spec.mostTokens());
        if (!fits(needed, limit)) {
            boolean device = needed.deviceBytes() > limit.deviceBytes();
            throw new BackendMemoryException(
                    "a conversation of " + spec.prompt().length + " tokens and an answer of up to " + spec.maxTokens()
                            + " (maxTokens), of which there are " + (device ? limit.deviceBytes() : limit.hostBytes()),
                    device ? needed.deviceBytes() : needed.hostBytes(),
                    null);
        }
    }

    /**
     * {@return whether there is room for a sequence beside others that have not yet all they may take}
     *
     * @param next the sequence
     * @param sharedTokens how many of its tokens lie in pages that are held already
     * @param others those that run, and those that are about to
     */
    boolean hasRoom(Generation next, int sharedTokens, List<Generation> others) {
        return fits(promised(others).plus(most(next, sharedTokens)), limit);
    }

    /** {@return whether a limit was set; else the backend says when there is no more} Any thread. */
    public boolean isLimited() {
        return maxStateBytes < Long.MAX_VALUE;
    }

    /** {@return whether a state of so many tokens fits beside all that is held} Any thread. */
    public boolean fits(int tokens) {
        return fits(promised(List.of()).plus(plan.sequence(tokens)), limit);
    }

    /** {@return whether a state of so many tokens fits if nothing else is held} Any thread. */
    public boolean couldFit(int tokens) {
        return fits(plan.sequence(tokens), limit);
    }

    /**
     * Refuses a state for which there is no room.
     *
     * @throws BackendMemoryException with the numbers
     */
    public void requireFits(int tokens) {
        if (!fits(tokens)) {
            throw new BackendMemoryException(
                    "a state of " + tokens + " tokens beside the sessions that are open, with a limit of "
                            + maxStateBytes + " (maxStateBytes)",
                    plan.sequence(tokens).totalBytes(),
                    null);
        }
    }

    /** {@return whether those that run were promised more than there is} */
    boolean isOverdrawn(List<Generation> running) {
        return !fits(promised(running), limit);
    }

    /** What is held, and what running sequences may still take. */
    private MemorySize promised(List<Generation> running) {
        MemorySize used = backend.memory().used();
        MemorySize promised = new MemorySize(
                Math.max(0, used.deviceBytes() - before.deviceBytes()),
                Math.max(0, used.hostBytes() - before.hostBytes()));
        for (int i = 0; i < running.size(); i++) {
            MemorySize most = most(running.get(i), 0);
            long taken = running.get(i).stateBytes();
            promised = promised.plus(
                    most.deviceBytes() > 0
                            ? new MemorySize(Math.max(0, most.deviceBytes() - taken), most.hostBytes())
                            : new MemorySize(0, Math.max(0, most.hostBytes() - taken)));
        }
        return promised;
    }

    /** The most that a sequence and the checkpoints kept of it take, beside pages that are held already. */
    private MemorySize most(Generation generation, int sharedTokens) {
        return plan.sequence(generation.spec().mostTokens() - sharedTokens)
                .plus(plan.perSequence().times(generation.checkpoints()));
    }

    /**
     * Refuses a sequence for which there is no room under the limit that was set, while nothing else could give way. Where there
     * is no such limit the backend has the last word: what it plans is an upper bound.
     *
     * @throws BackendMemoryException if the limit would be passed
     */
    void requireRoom(Generation next, int sharedTokens) {
        if (isLimited() && !hasRoom(next, sharedTokens, List.of())) {
            MemorySize needed = most(next, sharedTokens);
            throw new BackendMemoryException(
                    "a conversation of " + next.spec().prompt().length + " tokens and an answer of up to "
                            + next.spec().maxTokens()
                            + " (maxTokens) beside the sessions that are open, with a limit of "
                            + maxStateBytes + " (maxStateBytes)",
                    Math.max(needed.deviceBytes(), needed.hostBytes()),
                    null);
        }
    }

    private static boolean fits(MemorySize size, MemorySize room) {
        return size.deviceBytes() <= room.deviceBytes() && size.hostBytes() <= room.hostBytes();
    }
}
