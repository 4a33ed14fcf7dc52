package dev.longspan.engine;

import dev.longspan.EngineClosedException;
import dev.longspan.EngineOverloadedException;
import java.util.ArrayDeque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Who begins next: requests, and states that come from disk, first come, first served. The first that lacks memory waits until
 * what is cached or idle has given way, and the others wait behind it, so that none starves; a turn that waits holds nothing
 * that could not be parked. Used with the scheduler's lock held; what depends on what runs, by the engine's thread.
 */
final class Admission {
    private final EngineLimits limits;
    private final MemoryBudget memory;
    private final Reclaimer reclaimer;
    private final RetryHint retryHint;

    private final ArrayDeque<Waiting<Generation>> queue = new ArrayDeque<>();
    private final ArrayDeque<Waiting<Reservation>> reservations = new ArrayDeque<>();
    private long queuedTokens;
    private long arrivals;
    private boolean closing;
    /** Whether the first can start though there is no room for it: it is to be refused, or the backend decides. */
    private boolean forced;

    /**
     * Somebody in a queue.
     *
     * @param what waits
     * @param arrival its number, by which the two queues are one
     */
    private record Waiting<T>(T what, long arrival) {}

    Admission(EngineLimits limits, MemoryBudget memory, Reclaimer reclaimer, RetryHint retryHint) {
        this.limits = limits;
        this.memory = memory;
        this.reclaimer = reclaimer;
        this.retryHint = retryHint;
    }

    /** Refuses everything from now on. */
    void close() {
        closing = true;
    }

    boolean isClosing() {
        return closing;
    }

    /** {@return how many requests wait} */
    int size() {
        return queue.size();
    }

    /** {@return how many tokens their prompts have} */
    long tokens() {
        return queuedTokens;
    }

    /**
     * Refuses one more request if as many wait as may.
     *
     * @param inBatch how many answers take part in batches
     */
    void requirePlace(int inBatch) {
        if (closing) {
            throw new EngineClosedException();
        }
        int free = Math.max(0, limits.maxRunning() - inBatch);
        if (queue.size() >= limits.maxQueued() + free) {
            throw new EngineOverloadedException(
                    queue.size() + " requests are waiting, as many as may", retryHint.duration());
        }
    }

    /** Refuses a request if as many tokens wait as may. */
    void requireRoomFor(int tokens) {
        if (!queue.isEmpty() && queuedTokens + tokens > limits.maxQueuedTokens()) {
            throw new EngineOverloadedException(
                    "requests with " + queuedTokens + " tokens are waiting, and with this one's " + tokens
                            + " there would be more than " + limits.maxQueuedTokens(),
                    retryHint.duration());
        }
    }

    void add(Generation generation) {
        queue.add(new Waiting<>(generation, arrivals++));
        queuedTokens += generation.spec().prompt().length;
    }

    void add(Reservation reservation) {
        if (closing) {
            throw new EngineClosedException();
        }
        reservations.add(new Waiting<>(reservation, arrivals++));
    }

    /** Grants what came to be there otherwise, so that nobody waits for the next step to be told. */
    void grantUnneeded() {
        reservations.removeIf(each -> {
            boolean needed = each.what().isNeeded();
            if (!needed) {
                memory.grant(each.what());
            }
            return !needed;
        });
    }

    /** {@return whether a reservation was withdrawn; false if it was granted or refused before} */
    boolean withdraw(Reservation reservation) {
        return reservations.removeIf(each -> each.what() == reservation);
    }

    /** Takes out what is cancelled. */
    void removeCancelled(List<Generation> cancelled) {
        if (!queue.isEmpty()) {
            queue.removeIf(each -> {
                Generation generation = each.what();
                if (!generation.mustCancel()) {
                    return false;
                }
                queuedTokens -= generation.spec().prompt().length;
                cancelled.add(generation);
                return true;
            });
        }
    }

    /** Takes out everything: the reservations are refused. Loses no request if there is too little memory for that. */
    void end(List<Generation> requests) {
        closing = true;
        reservations.forEach(each -> each.what().granted().complete(false));
        reservations.clear();
        while (!queue.isEmpty()) {
            requests.add(queue.element().what());
            queue.remove();
        }
        queuedTokens = 0;
    }

    /** {@return whether what {@link #next} gave last has no room, and nothing is left that could give way} */
    boolean isForced() {
        return forced;
    }

    /** {@return the first request, taken out; null if it cannot start} */
    @Nullable
    Generation next(RunningSet running) {
        if (closing || !canAdmit(running)) {
            return null;
        }
        Generation first = queue.remove().what();
        queuedTokens -= first.spec().prompt().length;
        return first;
    }

    /** {@return whether the first request can start} Grants the reservations that came before it. */
    boolean canAdmit(RunningSet running) {
        while (!closing && !reservations.isEmpty() && (isReservationNext() || isFull(running))) {
            if (!decide(reservations.element().what(), running)) {
                return false;
            }
            reservations.remove();
        }
        if (queue.isEmpty() || isFull(running)) {
            return false;
        }
        Generation first = queue.element().what();
        return first.claim() && hasRoom(first, running);
    }

    /** What waits for its reader computes nothing, and keeps nobody out but by the memory that it holds. */
    private boolean isFull(RunningSet running) {
        return running.activeCount() >= limits.maxRunning();
    }

    private boolean isReservationNext() {
        return queue.isEmpty()
                || reservations.element().arrival() < queue.element().arrival();
    }

    /** {@return whether it was granted or refused; else it waits} */
    private boolean decide(Reservation reservation, RunningSet running) {
        while (reservation.isNeeded() && !memory.hasRoom(reservation.size(), running)) {
            switch (freed()) {
                case FREED -> {}
                case LATER -> {
                    return false;
                }
                case NOTHING -> {
                    if (memory.hasRoom(reservation.size(), running)) {
                        break; // it was freed while that was asked
                    } else if (!running.isEmpty()) {
                        return false; // what runs gives memory back, and its sessions can be parked
                    } else if (memory.isLimited()) {
                        reservation.granted().complete(false);
                        return true;
                    }
                    memory.grant(reservation); // the backend has the last word
                    return true;
                }
            }
        }
        memory.grant(reservation);
        return true;
    }

    private boolean hasRoom(Generation first, RunningSet running) {
        forced = false;
        while (!fits(first, running)) {
            switch (freed()) {
                case FREED -> {}
                case LATER -> {
                    return false;
                }
                case NOTHING -> {
                    if (fits(first, running)) {
                        return true; // it was freed while that was asked
                    } else if (!running.isEmpty()) {
                        return false;
                    } else if (!memory.hasRoomInstead(first) || !first.yieldsState()) {
                        forced = true; // nobody is left who could free enough
                        return true;
                    }
                }
            }
        }
        return true;
    }

    /** What is free soon counts, too, also if it came to be so, or ceased to, while that was asked. */
    private Reclaimer.Result freed() {
        long grants = memory.grants();
        boolean passing = memory.hasReservations();
        Reclaimer.Result freed = reclaimer.free();
        return freed == Reclaimer.Result.NOTHING && (passing || memory.grants() != grants)
                ? Reclaimer.Result.LATER
                : freed;
    }

    private boolean fits(Generation first, RunningSet running) {
        return memory.hasRoom(first, 0, running) || memory.hasRoom(first, first.sharedTokens(), running);
    }
}
