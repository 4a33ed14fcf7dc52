package dev.longspan;

import java.util.Iterator;
import java.util.NoSuchElementException;

/**
 * The events of an answer as they happen, for one reader.
 *
 * <p>{@link #hasNext} and {@link #next} wait for the next event and belong to one thread at a time; {@link #cancel} and
 * {@link #close} may be called from any thread at any time. A reader that does not read stops the generation, not the
 * engine: memory does not grow.
 */
@SuppressWarnings("IterableAndIterator") // an iterator that may stand in a for loop; it has one pass, and says so
public interface ChatStream extends Iterator<ChatEvent>, Iterable<ChatEvent>, AutoCloseable {
    /**
     * {@return whether there is another event; waits until that is known}
     *
     * @throws StreamInterruptedException if the thread is interrupted; the generation is cancelled
     */
    @Override
    boolean hasNext();

    /**
     * {@return the next event; waits for it}
     *
     * @throws NoSuchElementException after the last event, or after {@link #close}
     * @throws StreamInterruptedException if the thread is interrupted; the generation is cancelled
     */
    @Override
    ChatEvent next();

    /** {@return this stream, so that it can stand in a for loop; there is only one pass} */
    @Override
    Iterator<ChatEvent> iterator();

    /**
     * Reads to the end, dropping the events between.
     *
     * @return the whole answer
     * @throws dev.longspan.spi.LongspanException the error, if the answer failed
     * @throws IllegalStateException if the stream was closed before its end
     */
    ChatResponse await();

    /**
     * Ends the generation within one step. The reader still gets what is there, and then {@link ChatEvent.Completed} with
     * {@link FinishReason#CANCELLED}.
     */
    void cancel();

    /** Ends the generation within one step, waits until it has ended, and drops what has not been read. */
    @Override
    void close();
}
