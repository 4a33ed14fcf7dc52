package dev.longspan.http.session;

import dev.longspan.http.wire.ApiError;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Sessions that are being closed. That lasts until the step ends that their turn computes, which may be long; whoever asks waits for a
 * time only, and it goes on without them. Any thread.
 */
final class Closings {
    private static final Duration PATIENCE = Duration.ofSeconds(3);
    private static final Executor OWN_THREAD = task -> {
        Thread thread = new Thread(task, "longspan-http-closing");
        thread.setDaemon(true);
        thread.start();
    };

    private final Map<String, CompletableFuture<Void>> running = new ConcurrentHashMap<>();

    /**
     * Closes a session, or waits for whoever does.
     *
     * @param closing closes it, and returns when it is closed
     * @throws ApiError if it takes longer than a client is to wait; it goes on
     */
    void close(String session, Runnable closing) {
        await(
                session,
                running.computeIfAbsent(session, id -> CompletableFuture.runAsync(() -> run(id, closing), OWN_THREAD)));
    }

    private void run(String session, Runnable closing) {
        try {
            closing.run();
        } finally {
            running.remove(session);
        }
    }

    /**
     * Waits until a session is closed, if that has begun.
     *
     * @throws ApiError if it takes longer than a client is to wait
     */
    void await(String session) {
        CompletableFuture<Void> closing = running.get(session);
        if (closing != null) {
            await(session, closing);
        }
    }

    private static void await(String session, CompletableFuture<Void> closing) {
        try {
            closing.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new ApiError(
                            409,
                            ApiError.Type.CONFLICT,
                            "session_busy",
                            "session_id",
                            "the session '" + session + "' is being closed, once what its turn computes ends")
                    .retryAfter(Duration.ofSeconds(1));
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException known ? known : new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ApiError.shuttingDown();
        }
    }
}
