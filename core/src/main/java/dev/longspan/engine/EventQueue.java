package dev.longspan.engine;

import dev.longspan.ChatEvent;
import dev.longspan.ChatMessage;
import dev.longspan.ChatResponse;
import dev.longspan.ChatStream;
import dev.longspan.StreamInterruptedException;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The events between the engine's thread and one reader. Bounded: a full queue makes the sequence wait, which the scheduler
 * asks for by {@link #hasRoom}.
 */
final class EventQueue implements ChatStream {
    private static final Logger LOG = LoggerFactory.getLogger(EventQueue.class);
    private static final int CAPACITY = 64;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<ChatEvent> events = new ArrayDeque<>();
    /** Asks the engine to end the generation. */
    private final Runnable cancellation;
    /** Tells the engine that a full queue has room again. */
    private final Runnable drained;
    /** Says whether the calling thread is the engine's own, which must not wait for itself. */
    private final BooleanSupplier onEngine;

    private @Nullable ChatEvent end;
    private boolean closed;
    /** Closed before the reader was given the last event. */
    private boolean abandoned;

    private long fullSince;
    private int textGiven;
    private int thinkingGiven;
    private int callsGiven;
    /** Is told of each change instead of a waiting reader; null if there is none. */
    private volatile @Nullable Runnable watcher;

    EventQueue(Runnable cancellation, Runnable drained, BooleanSupplier onEngine) {
        this.cancellation = cancellation;
        this.drained = drained;
        this.onEngine = onEngine;
    }

    /** Called by the engine: whether the sequence may go on. */
    boolean hasRoom() {
        lock.lock();
        try {
            return events.size() < CAPACITY;
        } finally {
            lock.unlock();
        }
    }

    /** Called by the engine: for how long the queue has been full without being read, in nanoseconds. */
    long nanosFull() {
        lock.lock();
        try {
            return events.size() < CAPACITY ? 0 : System.nanoTime() - fullSince;
        } finally {
            lock.unlock();
        }
    }

    /** Called by the engine. */
    void add(ChatEvent event) {
        put(event, false);
    }

    /** Called by the engine: takes the place of progress that was not read yet. */
    void progress(ChatEvent.PromptProgress event) {
        put(event, true);
    }

    private void put(ChatEvent event, boolean replacesProgress) {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            if (replacesProgress && events.peekLast() instanceof ChatEvent.PromptProgress) {
                events.removeLast();
            }
            events.add(event);
            if (events.size() == CAPACITY) {
                fullSince = System.nanoTime();
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        tellWatcher();
    }

    /** {@return whether it has its last event} */
    boolean hasEnd() {
        lock.lock();
        try {
            return end != null;
        } finally {
            lock.unlock();
        }
    }

    /** Called by the engine, once: adds the last event. Where that needs memory that is not there, it has not been called. */
    void end(ChatEvent event) {
        lock.lock();
        try {
            if (!closed) {
                events.add(event);
            }
            end = event;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        tellWatcher();
    }

    private void tellWatcher() {
        Runnable told = watcher;
        if (told == null) {
            return;
        }
        try {
            told.run();
        } catch (Throwable e) { // the engine goes on whatever a reader's code does
            LOG.error("what was to be told of events failed; the answer is cancelled", e);
            abandon();
        }
    }

    /**
     * Tells of each change from now on, and once at once. A watcher takes events by {@link #poll}.
     *
     * @param told is run on the engine's thread, so it must neither wait nor throw
     */
    void watch(Runnable told) {
        watcher = told;
        told.run();
    }

    /**
     * {@return the next event if there is one}
     *
     * @param onlyFailure whether only a failure is taken
     */
    @Nullable
    ChatEvent poll(boolean onlyFailure) {
        boolean wasFull;
        ChatEvent event;
        lock.lock();
        try {
            if (onlyFailure && !(events.peek() instanceof ChatEvent.Failed)) {
                return null;
            }
            wasFull = events.size() >= CAPACITY;
            event = events.poll();
            fullSince = System.nanoTime();
            count(event);
        } finally {
            lock.unlock();
        }
        if (wasFull) {
            drained.run();
        }
        return event;
    }

    private void count(@Nullable ChatEvent event) {
        if (event instanceof ChatEvent.TextDelta delta) {
            textGiven += delta.text().length();
        } else if (event instanceof ChatEvent.ThinkingDelta delta) {
            thinkingGiven += delta.text().length();
        } else if (event instanceof ChatEvent.ToolCallReady) {
            callsGiven++;
        }
    }

    /** Called by the engine: whether the reader wants no more. */
    boolean isClosed() {
        lock.lock();
        try {
            return closed;
        } finally {
            lock.unlock();
        }
    }

    /** {@return the part of a message that the reader was given} */
    ChatMessage.AssistantMessage handedOut(ChatMessage.AssistantMessage whole) {
        lock.lock();
        try {
            return new ChatMessage.AssistantMessage(
                    whole.text().substring(0, Math.min(textGiven, whole.text().length())),
                    whole.thinking()
                            .substring(
                                    0, Math.min(thinkingGiven, whole.thinking().length())),
                    whole.toolCalls().subList(0, callsGiven));
        } finally {
            lock.unlock();
        }
    }

    /** Ends the generation within one step, and does not wait for that; what has not been read is dropped. */
    void abandon() {
        watcher = null;
        if (markClosed()) {
            cancellation.run();
        }
    }

    @Override
    public boolean hasNext() {
        try {
            lock.lockInterruptibly();
            try {
                while (events.isEmpty() && end == null && !closed) {
                    if (onEngine.getAsBoolean()) {
                        throw new IllegalStateException("the engine's own thread cannot wait for an answer");
                    }
                    changed.await();
                }
                return !events.isEmpty();
            } finally {
                lock.unlock();
            }
        } catch (InterruptedException e) {
            throw interrupted();
        }
    }

    @Override
    public ChatEvent next() {
        if (!hasNext()) {
            throw new NoSuchElementException("the stream has ended");
        }
        ChatEvent event = poll(false);
        if (event == null) {
            throw new NoSuchElementException("the stream was closed");
        }
        return event;
    }

    @Override
    public Iterator<ChatEvent> iterator() {
        return this;
    }

    @Override
    public ChatResponse await() {
        while (hasNext()) {
            try {
                next();
            } catch (NoSuchElementException e) {
                LOG.debug("closed by another thread between hasNext and next; the next hasNext says so", e);
            }
        }
        lock.lock();
        try {
            if (abandoned) {
                throw new IllegalStateException("the stream was closed before its end");
            }
            if (end instanceof ChatEvent.Completed completed) {
                return completed.response();
            }
            if (end instanceof ChatEvent.Failed failed) {
                throw failed.error();
            }
        } finally {
            lock.unlock();
        }
        throw new IllegalStateException("the stream has no end");
    }

    @Override
    public void cancel() {
        cancellation.run();
    }

    @Override
    public void close() {
        if (markClosed()) {
            cancellation.run();
            if (!onEngine.getAsBoolean()) {
                awaitEnd();
            }
        }
    }

    /** {@return whether the generation is still running} */
    private boolean markClosed() {
        lock.lock();
        try {
            boolean running = end == null;
            abandoned |= running || !events.isEmpty();
            closed = true;
            events.clear();
            changed.signalAll();
            return running;
        } finally {
            lock.unlock();
        }
    }

    /** Waits for the end whatever happens to the thread: the step that is under way cannot be left alone. */
    private void awaitEnd() {
        boolean interrupted = false;
        lock.lock();
        try {
            while (end == null) {
                try {
                    changed.await(1, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            lock.unlock();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private StreamInterruptedException interrupted() {
        Thread.currentThread().interrupt();
        cancel();
        return new StreamInterruptedException();
    }
}
