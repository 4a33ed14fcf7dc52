package dev.longspan.engine;

import dev.longspan.spi.MemorySize;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * Memory that is set aside, or held for a moment, until this is closed: while there is any, memory will be free soon. Any thread.
 */
public final class Reservation implements AutoCloseable {
    private final MemorySize size;
    private final Consumer<Reservation> closing;
    private final CompletableFuture<Boolean> granted = new CompletableFuture<>();

    Reservation(MemorySize size, Consumer<Reservation> closing) {
        this.size = size;
        this.closing = closing;
    }

    MemorySize size() {
        return size;
    }

    /** {@return whether it is granted, once that is known} */
    CompletableFuture<Boolean> granted() {
        return granted;
    }

    /** Waits until it is granted or refused, but not longer than so; also if the thread is interrupted, which then stays so. */
    void awaitDecision(Duration longest) {
        boolean interrupted = false;
        long end = System.nanoTime() + longest.toNanos();
        while (!granted.isDone() && System.nanoTime() - end < 0) {
            try {
                granted.get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
            } catch (InterruptedException e) {
                interrupted = true;
            } catch (ExecutionException | TimeoutException e) {
                break;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Gives back what was set aside: what it was for is there and counted itself, or given up. May be called twice. */
    @Override
    public void close() {
        closing.accept(this);
    }
}
