package dev.longspan.session;

import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Makes something when it is first asked for, and keeps it. A failure is not kept. Any thread. */
public final class Once<T> implements Supplier<T> {
    private final Supplier<T> maker;
    private final ReentrantLock lock = new ReentrantLock();
    private volatile @Nullable T made;

    /** Makes nothing yet. */
    public Once(Supplier<T> maker) {
        this.maker = maker;
    }

    @Override
    public T get() {
        T there = made;
        if (there != null) {
            return there;
        }
        lock.lock();
        try {
            there = made;
            if (there == null) {
                there = maker.get();
                made = there;
            }
            return there;
        } finally {
            lock.unlock();
        }
    }
}
