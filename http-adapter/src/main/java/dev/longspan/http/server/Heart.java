package dev.longspan.http.server;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All clients that wait: sends signs of life to those that wait for events, and tells all when the server ends. */
final class Heart implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Heart.class);
    /** A client hears something at least every 5 s: this, and the time between two looks. */
    private static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(3);

    private final Set<EventStream> streams = ConcurrentHashMap.newKeySet();
    private final Set<Waiting> waiting = ConcurrentHashMap.newKeySet();
    private final ScheduledFuture<?> beats;

    Heart(ScheduledExecutorService timer) {
        this.beats = timer.scheduleWithFixedDelay(this::beat, 1, 1, TimeUnit.SECONDS);
    }

    EventStream watch(EventStream stream) {
        streams.add(stream);
        return stream;
    }

    void add(Waiting request) {
        waiting.add(request);
    }

    void remove(Waiting request) {
        waiting.remove(request);
    }

    private void beat() {
        streams.removeIf(EventStream::hasEnded);
        for (EventStream each : streams) {
            try {
                each.ping(QUIET_NANOS);
            } catch (RuntimeException e) {
                LOG.warn("a sign of life could not be sent", e);
            }
        }
    }

    /** Tells all clients whose answers wait for something that the server ends. */
    void shutDown() {
        waiting.forEach(Waiting::shutDown);
        streams.forEach(EventStream::shutDown);
    }

    /** The same, and gives up those that do not read. */
    void abort() {
        waiting.forEach(Waiting::shutDown);
        streams.forEach(EventStream::abort);
    }

    int streams() {
        streams.removeIf(EventStream::hasEnded);
        return streams.size();
    }

    @Override
    public void close() {
        beats.cancel(false);
    }
}
