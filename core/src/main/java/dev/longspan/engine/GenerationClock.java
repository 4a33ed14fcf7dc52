package dev.longspan.engine;

import dev.longspan.Timing;
import java.time.Duration;

/** Notes when a request reached which stage. */
final class GenerationClock {
    private final long submitted = System.nanoTime();
    private long started;
    private long prefilled;
    private long firstToken;
    private long lastToken;
    private long decoded;
    private long ended;

    void started() {
        started = System.nanoTime();
    }

    void prefilled() {
        prefilled = System.nanoTime();
    }

    void token() {
        lastToken = System.nanoTime();
        firstToken = firstToken == 0 ? lastToken : firstToken;
    }

    void decoded() {
        decoded = System.nanoTime();
    }

    void ended() {
        ended = System.nanoTime();
    }

    /** {@return from the request to the start} */
    Duration queued() {
        return Duration.ofNanos(started - submitted);
    }

    /** {@return from the start until now, or the end} */
    Duration running() {
        return started == 0 ? Duration.ZERO : Duration.ofNanos((ended == 0 ? System.nanoTime() : ended) - started);
    }

    Timing timing(int tokens) {
        long now = ended == 0 ? System.nanoTime() : ended;
        long begun = started == 0 ? now : started;
        long read = prefilled == 0 ? now : prefilled;
        long first = firstToken == 0 ? now : firstToken;
        long last = lastToken == 0 ? read : lastToken;
        long committing = decoded == 0 ? now : decoded;
        double seconds = (last - first) / 1e9;
        return new Timing(
                Duration.ofNanos(begun - submitted),
                Duration.ofNanos(read - begun),
                Duration.ofNanos(last - read),
                Duration.ofNanos(now - committing),
                Duration.ofNanos(now - submitted),
                Duration.ofNanos(first - submitted),
                tokens > 1 && seconds > 0 ? (tokens - 1) / seconds : 0);
    }
}
