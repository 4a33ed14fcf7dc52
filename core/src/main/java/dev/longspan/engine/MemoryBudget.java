package dev.longspan.engine;

import dev.longspan.spi.BackendMemoryException;
import dev.longspan.spi.MemoryPlan;
import dev.longspan.spi.MemorySize;

/**
 * The memory for sequences: what the backend has beside the model's weights and its workspace. An answer reserves what its
 * prompt and the most tokens it may get can take, by the backend's plan, before it starts. For the engine's thread, but for
 * {@link #requirePossible}.
 */
public final class MemoryBudget {
    private final MemoryPlan plan;
    private final MemorySize limit;
    private MemorySize reserved = new MemorySize(0, 0);

    /**
     * Makes a budget.
     *
     * @param plan the backend's plan for the loaded model
     * @param available what the backend may hold in all, weights and workspace included
     */
    public MemoryBudget(MemoryPlan plan, MemorySize available) {
        this.plan = plan;
        MemorySize fixed = plan.weights().plus(plan.workspace());
        this.limit = new MemorySize(
                Math.max(0, available.deviceBytes() - fixed.deviceBytes()),
                Math.max(0, available.hostBytes() - fixed.hostBytes()));
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

    /** {@return whether there is room for a sequence at this moment} */
    boolean hasRoom(GenerationSpec spec) {
        return fits(reserved.plus(plan.sequence(spec.mostTokens())), limit);
    }

    void reserve(GenerationSpec spec) {
        reserved = reserved.plus(plan.sequence(spec.mostTokens()));
    }

    void release(GenerationSpec spec) {
        MemorySize freed = plan.sequence(spec.mostTokens());
        reserved =
                new MemorySize(reserved.deviceBytes() - freed.deviceBytes(), reserved.hostBytes() - freed.hostBytes());
    }

    private static boolean fits(MemorySize size, MemorySize room) {
        return size.deviceBytes() <= room.deviceBytes() && size.hostBytes() <= room.hostBytes();
    }
}
