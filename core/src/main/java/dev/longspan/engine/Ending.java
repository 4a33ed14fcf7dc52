package dev.longspan.engine;

import dev.longspan.spi.LongspanException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The end of an engine. Every answer ends, also where the heap is exhausted: somebody may give memory back, and nobody is to wait for
 * ever. Used by the engine's thread.
 */
final class Ending {
    private static final Logger LOG = LoggerFactory.getLogger(Ending.class);
    private static final int MOST_TRIES = 100;
    private static final long BETWEEN_NANOS = 100_000_000;

    private final Consumer<List<Generation>> gathering;
    private final Consumer<Generation> telling;
    private final List<Generation> left = new ArrayList<>();

    /**
     * Ends nothing yet.
     *
     * @param gathering adds all that there are to a list, and loses none if it throws; may be called again
     * @param telling is told of each that has ended
     */
    Ending(Consumer<List<Generation>> gathering, Consumer<Generation> telling) {
        this.gathering = gathering;
        this.telling = telling;
    }

    void endAll(LongspanException error) {
        for (int tries = 1; !endedAll(error) && tries < MOST_TRIES; tries++) {
            LockSupport.parkNanos(BETWEEN_NANOS);
        }
    }

    /** {@return whether all have ended; false if there was not enough memory, and some are left} */
    private boolean endedAll(LongspanException error) {
        try {
            gathering.accept(left);
            while (!left.isEmpty()) {
                end(left.get(left.size() - 1), error);
                left.remove(left.size() - 1);
            }
            return true;
        } catch (OutOfMemoryError e) {
            return false;
        }
    }

    private void end(Generation generation, LongspanException error) {
        try {
            generation.fail(error);
            telling.accept(generation);
        } catch (OutOfMemoryError e) {
            throw e;
        } catch (RuntimeException | Error e) {
            LOG.error("an answer could not be ended in order", e);
        }
    }
}
