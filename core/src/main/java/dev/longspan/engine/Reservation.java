package dev.longspan.engine;

import dev.longspan.spi.MemorySize;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Memory that is set aside, or held for a moment, until this is closed: while there is any, memory will be free soon. Any thread.
 */
public final class Reservation implements AutoCloseable {
    private final BooleanSupplier needed;
    private final Consumer<Reservation> closing;
    private final Thread owner = Thread.currentThread();
    private final CompletableFuture<Boolean> granted = new CompletableFuture<>();
    private volatile MemorySize size;

    /**
     * Makes one that waits.
     *
     * @param size how much is wanted
     * @param needed whether it is still wanted: else it is granted at once
     * @param closing gives it back
     */
    Reservation(MemorySize size, BooleanSupplier needed, Consumer<Reservation> closing) {
        this.size = size;
        this.needed = needed;
        this.closing = closing;
    }

    MemorySize size() {
        return size;
    }

    boolean isNeeded() {
        return needed.getAsBoolean();
    }

    /** {@return whether the calling thread made it} */
    boolean isOwn() {
        return owner == Thread.currentThread();
    }

    /** What it was for is there, and counts itself from now on; that it is held for a moment remains. */
    public void fill() {
        size = MemorySize.ZERO;
    }

    /** {@return whether it is granted, once that is known} */
    CompletableFuture<Boolean> granted() {
        return granted;
    }

    /** Waits until it is granted or refused, as every request does: until what is before it has ended. */
    void awaitDecision() throws InterruptedException {
        try {
            granted.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e); // it is only ever completed with yes or no
        }
    }

    /** Gives back what was set aside: what it was for is there and counted itself, or given up. May be called twice. */
    @Override
    public void close() {
        closing.accept(this);
    }
}
