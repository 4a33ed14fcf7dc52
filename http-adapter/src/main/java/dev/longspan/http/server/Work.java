package dev.longspan.http.server;

import dev.longspan.http.wire.ApiError;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** The requests that compute, or wait to: how many there may be, and how they end when the server stops. Any thread. */
public final class Work {
    private static final Duration SOON = Duration.ofSeconds(1);

    private final int most;
    private final int mostPerKey;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Map<String, Integer> byKey = new HashMap<>();
    private final Set<Place> places = new HashSet<>();
    private boolean draining;
    private boolean stopping;

    Work(int most, int mostPerKey) {
        this.most = most;
        this.mostPerKey = mostPerKey;
    }

    /** A request's place among those that compute. */
    public final class Place implements AutoCloseable {
        private final String key;
        private volatile Runnable stop = () -> {};

        Place(String key) {
            this.key = key;
        }

        /** Says how the request is ended when the server stops; at once if it does. */
        public void whenStopped(Runnable action) {
            stop = action;
            if (isStopping(this)) {
                action.run();
            }
        }

        @Override
        public void close() {
            lock.lock();
            try {
                if (places.remove(this)) {
                    byKey.computeIfPresent(key, (name, count) -> count == 1 ? null : count - 1);
                    changed.signalAll();
                }
            } finally {
                lock.unlock();
            }
        }
    }

    private boolean isStopping(Place place) {
        lock.lock();
        try {
            return stopping && places.contains(place);
        } finally {
            lock.unlock();
        }
    }

    /**
     * {@return a place}
     *
     * @param key who asks; empty for nobody in particular
     * @throws ApiError if there is none
     */
    Place take(String key) {
        lock.lock();
        try {
            requireOpen();
            int own = byKey.getOrDefault(key, 0);
            if (places.size() >= most) {
                throw full("too_many_requests", "there are " + most + " requests at work, as many as there may be");
            } else if (mostPerKey > 0 && !key.isEmpty() && own >= mostPerKey) {
                throw full(
                        "too_many_requests_of_key",
                        "this key has " + mostPerKey + " requests at work, as many as it may");
            }
            Place place = new Place(key);
            places.add(place);
            byKey.put(key, own + 1);
            return place;
        } finally {
            lock.unlock();
        }
    }

    /** Refuses what is new while the server stops. */
    public void requireOpen() {
        if (isDraining()) {
            throw ApiError.shuttingDown().header("Connection", "close");
        }
    }

    private static ApiError full(String code, String message) {
        return new ApiError(429, ApiError.Type.RATE_LIMIT, code, null, message).retryAfter(SOON);
    }

    /** {@return whether new requests are refused because the server stops} */
    public boolean isDraining() {
        lock.lock();
        try {
            return draining;
        } finally {
            lock.unlock();
        }
    }

    /** {@return how many there are} */
    public int size() {
        lock.lock();
        try {
            return places.size();
        } finally {
            lock.unlock();
        }
    }

    /** Takes no more. */
    void drain() {
        lock.lock();
        try {
            draining = true;
        } finally {
            lock.unlock();
        }
    }

    /** {@return whether all have ended within a time} */
    boolean await(Duration time) throws InterruptedException {
        long nanos = TimeUnit.NANOSECONDS.convert(time);
        lock.lock();
        try {
            while (!places.isEmpty() && nanos > 0) {
                nanos = changed.awaitNanos(nanos);
            }
            return places.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** Ends those that are left. */
    void stop() {
        List<Place> left;
        lock.lock();
        try {
            stopping = true;
            left = List.copyOf(places);
        } finally {
            lock.unlock();
        }
        left.forEach(place -> place.stop.run());
    }
}
