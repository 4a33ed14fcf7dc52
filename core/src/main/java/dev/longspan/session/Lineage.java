package dev.longspan.session;

import java.util.concurrent.atomic.AtomicInteger;

/** The beginning that sessions have in common since one was forked: how many of them are open still. */
final class Lineage {
    private final AtomicInteger sessions = new AtomicInteger();

    /**
     * What one session has of it.
     *
     * @param lineage the beginning
     * @param tokens how much of it the session still has
     */
    record Share(Lineage lineage, int tokens) {
        Share upTo(int most) {
            return new Share(lineage, Math.min(tokens, most));
        }
    }

    void join() {
        sessions.incrementAndGet();
    }

    void leave() {
        sessions.decrementAndGet();
    }

    boolean isShared() {
        return sessions.get() > 1;
    }
}
