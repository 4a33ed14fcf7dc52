package dev.longspan.http.server;

import dev.longspan.http.wire.ApiError;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A request whose own thread waits for what is computed, before its answer begins. Until that thread goes on, the end of the server may
 * answer it. Any thread.
 */
final class Waiting implements AutoCloseable {
    private final Exchange exchange;
    private final ConnectionWatch watch;
    private final Heart heart;
    private final ApiError atEnd;
    private final AtomicBoolean over = new AtomicBoolean();

    /**
     * Begins to wait.
     *
     * @param atEnd what the end of the server answers
     */
    Waiting(Exchange exchange, ConnectionWatch watch, Heart heart, ApiError atEnd) {
        this.exchange = exchange;
        this.watch = watch;
        this.heart = heart;
        this.atEnd = atEnd;
        heart.add(this);
    }

    /** {@return whether its thread goes on, to which the answer then belongs; false if the end of the server has answered} */
    boolean tryEnd() {
        return over.compareAndSet(false, true);
    }

    /** Tells the client that the server ends, if nothing else has come first. */
    void shutDown() {
        if (over.compareAndSet(false, true)) {
            watch.close();
            exchange.fail(atEnd);
        }
    }

    @Override
    public void close() {
        over.set(true);
        heart.remove(this);
        watch.close();
    }
}
