package dev.longspan.tck;

import dev.longspan.spi.BackendMemoryException;
import java.util.concurrent.atomic.AtomicLong;

/** Counts the bytes of a backend that has none of its own. */
final class Ledger {
    private final AtomicLong used = new AtomicLong();
    private final long limit;
    private final Flaw flaw;

    Ledger(long limit, Flaw flaw) {
        this.limit = limit;
        this.flaw = flaw;
    }

    void take(String what, long bytes) {
        if (used.addAndGet(bytes) > limit) {
            if (flaw != Flaw.LOAD_FAULT_LEAKS || !what.equals(OracleBackend.WEIGHTS)) {
                used.addAndGet(-bytes);
            }
            if (flaw == Flaw.UNTYPED_MEMORY_FAULT) {
                throw new ArrayIndexOutOfBoundsException("page " + bytes);
            }
            throw new BackendMemoryException(what, bytes, null);
        }
    }

    void free(long bytes) {
        used.addAndGet(-bytes);
    }

    long used() {
        return used.get();
    }

    long limit() {
        return limit;
    }

    /** Some tokens of all attention layers, held by all that have them. */
    static final class Page {
        private int holders = 1;

        /** Has one more holder; answers how many that are. */
        synchronized int retain() {
            return ++holders;
        }

        synchronized boolean release() {
            return --holders == 0;
        }

        synchronized boolean isShared() {
            return holders > 1;
        }
    }
}
