package dev.longspan.http.server;

import java.util.concurrent.atomic.AtomicLong;

/** The memory for the bodies of all requests together. Any thread. */
final class BodyRoom {
    private final long most;
    private final AtomicLong taken = new AtomicLong();

    BodyRoom(long most) {
        this.most = most;
    }

    /** What one request takes. */
    final class Share {
        private final AtomicLong own = new AtomicLong();

        /** Takes some bytes, if they are there. */
        boolean take(int bytes) {
            if (taken.addAndGet(bytes) > most) {
                taken.addAndGet(-bytes);
                return false;
            }
            own.addAndGet(bytes);
            return true;
        }

        /** Gives back all that was taken. */
        void giveBack() {
            taken.addAndGet(-own.getAndSet(0));
        }
    }

    Share share() {
        return new Share();
    }
}
