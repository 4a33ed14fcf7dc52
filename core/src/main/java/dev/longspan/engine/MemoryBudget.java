package dev.longspan.engine;

import dev.longspan.ContextMemoryException;
import dev.longspan.spi.Backend;
import dev.longspan.spi.BackendMemoryException;
import dev.longspan.spi.MemoryPlan;
import dev.longspan.spi.MemorySize;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The memory for states and checkpoints: what the backend has beside the model's weights and its workspace, or less if a limit
 * is set. An answer starts when there is room for its prompt and the most tokens it may get, by the backend's plan; pages that
 * it shares count once. For the engine's thread, but for {@link #requirePossible}.
 */
public final class MemoryBudget {
    private static final Logger LOG = LoggerFactory.getLogger(MemoryBudget.class);

    private final Backend backend;
    private final MemoryPlan plan;
    private final MemorySize before;
    private final MemorySize limit;
    private final long maxStateBytes;
    private final Set<Reservation> granted = ConcurrentHashMap.newKeySet();
    private final AtomicLong grants = new AtomicLong();

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
     * @throws ContextMemoryException if all memory for sequences together is too little for it
     */
    void requirePossible(GenerationSpec spec) {
        MemorySize needed = plan.sequence(spec.mostTokens());
        if (!fits(needed, limit)) {
            boolean device = needed.deviceBytes() > limit.deviceBytes();
            throw new ContextMemoryException(
                    spec.prompt().length,
                    spec.maxTokens(),
                    device ? needed.deviceBytes() : needed.hostBytes(),
                    device ? limit.deviceBytes() : limit.hostBytes());
        }
    }

    /**
     * {@return whether there is room for a sequence beside others that have not yet all they may take}
     *
     * @param next the sequence
     * @param sharedTokens how many of its tokens lie in pages that are held already, or come back from disk with its state
     * @param others those that run, and those that are about to
     */
    boolean hasRoom(Generation next, int sharedTokens, RunningSet others) {
        return hasRoom(all(next, sharedTokens), others);
    }

    /**
     * {@return whether there is room for so much beside sequences that have not yet all they may take} There is if the backend does
     * not tell its memory: what becomes of the request or the state will tell why.
     */
    boolean hasRoom(MemorySize size, RunningSet others) {
        try {
            return fits(promised().plus(others.owed(this)).plus(size), limit);
        } catch (RuntimeException e) {
            LOG.debug("the backend does not tell its memory", e);
            return true;
        }
    }

    /** {@return whether there is room for a sequence if the state that its turn holds is let go of and nothing else runs} */
    boolean hasRoomInstead(Generation next) {
        MemorySize promised = promised();
        long freed = next.yieldableBytes();
        MemorySize left = plan.perSequence().deviceBytes() > 0
                ? new MemorySize(Math.max(0, promised.deviceBytes() - freed), promised.hostBytes())
                : new MemorySize(promised.deviceBytes(), Math.max(0, promised.hostBytes() - freed));
        return fits(left.plus(most(next, 0)), limit);
    }

    /** {@return what a state takes at most} Any thread. */
    MemorySize size(ParkedSize state) {
        return plan.sequence(state.tokens()).plus(plan.perSequence().times(state.checkpoints() - 1));
    }

    /** Sets aside what a reservation asks for, until it is closed. Any thread. */
    void grant(Reservation reservation) {
        granted.add(reservation);
        grants.incrementAndGet();
        reservation.granted().complete(true);
    }

    /** {@return how often something was set aside or held for a moment} Any thread. */
    long grants() {
        return grants.get();
    }

    /** Takes back what was set aside. Any thread. */
    void giveBack(Reservation reservation) {
        granted.remove(reservation);
    }

    /** {@return whether anything is set aside or held for a moment} */
    boolean hasReservations() {
        return !granted.isEmpty();
    }

    /** {@return whether any other thread has something set aside or held for a moment} Any thread. */
    boolean hasReservationsOfOthers() {
        return granted.stream().anyMatch(each -> !each.isOwn());
    }

    /** {@return whether a limit was set; else the backend says when there is no more} Any thread. */
    boolean isLimited() {
        return maxStateBytes < Long.MAX_VALUE;
    }

    /** {@return whether a state fits if nothing else is held} Any thread. */
    boolean couldFit(ParkedSize state) {
        return fits(size(state), limit);
    }

    /** {@return that there is no room for a state} Any thread. */
    BackendMemoryException noRoom(ParkedSize state) {
        return new BackendMemoryException(
                "a state of " + state.tokens() + " tokens beside the sessions that are open, with a limit of "
                        + maxStateBytes + " (maxStateBytes)",
                size(state).totalBytes(),
                null);
    }

    /** {@return whether those that run were promised more than there is} */
    boolean isOverdrawn(RunningSet running) {
        return !hasRoom(MemorySize.ZERO, running);
    }

    /** {@return what is held beside the loaded model; what several share counts once} Any thread. */
    MemorySize held() {
        MemorySize used = backend.memory().used();
        return new MemorySize(
                Math.max(0, used.deviceBytes() - before.deviceBytes()),
                Math.max(0, used.hostBytes() - before.hostBytes()));
    }

    /** What is held, and what is set aside. */
    private MemorySize promised() {
        MemorySize promised = held();
        for (Reservation each : granted) {
            promised = promised.plus(each.size());
        }
        return promised;
    }

    /** {@return what a sequence that runs may take beside what its state holds} */
    MemorySize owed(Generation running) {
        MemorySize most = most(running, running.returningTokens());
        long taken = running.stateBytes();
        return most.deviceBytes() > 0
                ? new MemorySize(Math.max(0, most.deviceBytes() - taken), most.hostBytes())
                : new MemorySize(0, Math.max(0, most.hostBytes() - taken));
    }

    private MemorySize all(Generation next, int sharedTokens) {
        ParkedSize parked = next.parked();
        MemorySize most = most(next, sharedTokens);
        return parked == null ? most : most.plus(size(parked));
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
        if (isLimited() && !hasRoom(next, sharedTokens, new RunningSet(0))) {
            MemorySize needed = all(next, sharedTokens);
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
