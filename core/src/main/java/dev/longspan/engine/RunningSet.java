package dev.longspan.engine;

import dev.longspan.spi.MemorySize;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The answers that have begun: those that take part in steps, and those that wait until somebody reads them. The latter cost a
 * step nothing, however many they are: they are looked at when one of them was read or cancelled, and a few times a second to
 * find those that are left waiting for too long. For the engine's thread, but for {@link #stir}, {@link #size} and
 * {@link #activeCount}.
 */
final class RunningSet {
    /** How often those that wait are asked how long they have done so. */
    static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    private final long patienceNanos;
    private final List<Generation> active = new ArrayList<>();
    private final List<Generation> unread = new ArrayList<>();
    /** What those that wait may still take; null if that is to be added up again. */
    private @Nullable MemorySize owedToUnread = MemorySize.ZERO;

    private long lookedAt = System.nanoTime();
    private volatile boolean stirred;
    private volatile int size;
    private volatile int activeCount;

    /**
     * Makes an empty set.
     *
     * @param patienceNanos how long an answer may wait for its reader
     */
    RunningSet(long patienceNanos) {
        this.patienceNanos = patienceNanos;
    }

    /** {@return those that take part in steps} */
    List<Generation> active() {
        return active;
    }

    /** {@return how many there are} Any thread. */
    int size() {
        return size;
    }

    /** {@return how many take part in steps} Any thread. */
    int activeCount() {
        return activeCount;
    }

    boolean isEmpty() {
        return active.isEmpty() && unread.isEmpty();
    }

    void add(Generation generation) {
        active.add(generation);
        count();
    }

    /** Says that one was read or cancelled, so that it may have to go on. Any thread; the engine is woken by the caller. */
    void stir() {
        stirred = true;
    }

    /** Takes those back into the steps that were read or cancelled, or are to be ended since they have waited for too long. */
    void gather() {
        if (unread.isEmpty()) {
            return;
        }
        boolean look = System.nanoTime() - lookedAt >= LOOK_NANOS;
        if (look) {
            lookedAt = System.nanoTime();
        }
        if (stirred || look) {
            stirred = false; // before they are looked at: what happens behind this is seen the next time
            takeBack(each -> !each.isUnread() || each.mustCancel() || isTooSlow(each));
        }
    }

    /** {@return whether its reader has left it waiting for longer than may be} */
    boolean isTooSlow(Generation generation) {
        long nanos = generation.nanosUnread();
        return nanos > 0 && nanos >= patienceNanos;
    }

    private void takeBack(Predicate<Generation> which) {
        boolean some = false;
        for (int i = 0; i < unread.size(); i++) {
            if (which.test(unread.get(i))) {
                active.add(unread.get(i));
                unread.set(i, unread.get(unread.size() - 1));
                unread.remove(unread.size() - 1);
                some = true;
                i--;
            }
        }
        if (some) {
            owedToUnread = null;
            count();
        }
    }

    /**
     * Takes out those that have ended, and lets those wait that nobody reads.
     *
     * @param ended is told of each that has ended
     */
    void settle(Consumer<Generation> ended) {
        int kept = 0;
        for (int i = 0; i < active.size(); i++) {
            Generation each = active.get(i);
            if (each.hasEnded()) {
                ended.accept(each);
            } else if (each.isUnread() && !each.mustCancel()) {
                unread.add(each);
                owedToUnread = null;
            } else {
                active.set(kept++, each);
            }
        }
        if (kept < active.size()) {
            active.subList(kept, active.size()).clear();
            count();
        }
    }

    /** Moves all to another list, and loses none of them if there is too little memory for that. */
    void drainTo(List<Generation> all) {
        all.addAll(active);
        active.clear();
        all.addAll(unread);
        unread.clear();
        owedToUnread = MemorySize.ZERO;
        count();
    }

    private void count() {
        size = active.size() + unread.size();
        activeCount = active.size();
    }

    /** {@return the memory that all of them may still take} */
    MemorySize owed(MemoryBudget memory) {
        MemorySize owed = owedToUnread;
        if (owed == null) {
            owed = sum(unread, memory);
            owedToUnread = owed; // it does not change while they wait
        }
        return active.isEmpty() ? owed : owed.plus(sum(active, memory));
    }

    private static MemorySize sum(List<Generation> some, MemoryBudget memory) {
        MemorySize sum = MemorySize.ZERO;
        for (int i = 0; i < some.size(); i++) {
            sum = sum.plus(memory.owed(some.get(i)));
        }
        return sum;
    }
}
