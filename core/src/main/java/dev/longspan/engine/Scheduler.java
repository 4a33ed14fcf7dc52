package dev.longspan.engine;

import dev.longspan.ChatEvent;
import dev.longspan.ChatStream;
import dev.longspan.ContextMemoryException;
import dev.longspan.EngineClosedException;
import dev.longspan.EngineListener;
import dev.longspan.EngineLoad;
import dev.longspan.EngineOverloadedException;
import dev.longspan.FinishReason;
import dev.longspan.GenerationException;
import dev.longspan.ReaderTooSlowException;
import dev.longspan.Timing;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.LongspanException;
import dev.longspan.spi.MemorySize;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine's one thread: it owns the states, speaks to the model in batches, and feeds the streams.
 *
 * <p>A step decodes one token of every running answer and reads the next parts of prompts, in one batch; the prompts share
 * what a step reads, so that a long one does not stop the others. Requests wait in a bounded queue, first come, first
 * served, until there is a place and memory for the most they may take. Everything but {@link #submit}, {@link #publisher},
 * {@link #load}, {@link #reservations}, {@link #wake} and {@link #close} runs on the thread itself.
 */
public final class Scheduler implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Scheduler.class);

    private final LanguageModel model;
    private final Vocabulary vocabulary;
    private final EngineLimits limits;
    private final MemoryBudget memory;
    private final Reclaimer reclaimer;
    private final Executor worker;
    private final Executor returner;
    private final RetryHint retryHint;
    private final ListenerGuard listener;
    private final BatchStep step;
    private final Thread thread;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Admission admission;
    private final Reservations reservations;
    private boolean woken;
    private volatile boolean open = true;

    // owned by the thread, and used again in every step: a token should cost no garbage that it need not
    private final RunningSet running;
    private final Consumer<Generation> whatEnded = this::ended;
    private final List<Generation> cancelled = new ArrayList<>();
    private final Ending ending = new Ending(this::gather, this::tellEnd);

    /**
     * Starts the thread.
     *
     * @param model the model, which from now on only this scheduler uses; closed by the caller after {@link #close}
     * @param vocabulary what its tokens mean
     * @param limits how much to do at once, no more than the backend can
     * @param maxBatchTokens how many ids the backend takes in a batch
     * @param memory the memory for sequences
     * @param reclaimer is asked to free memory that can be done without
     * @param worker takes work that the engine's thread must not wait for
     * @param returner reads states from disk
     * @param listeners who is told what happens
     */
    public Scheduler(
            LanguageModel model,
            Vocabulary vocabulary,
            EngineLimits limits,
            int maxBatchTokens,
            MemoryBudget memory,
            Reclaimer reclaimer,
            Executor worker,
            Executor returner,
            List<EngineListener> listeners) {
        this.model = model;
        this.vocabulary = vocabulary;
        this.limits = limits;
        this.running = new RunningSet(TimeUnit.NANOSECONDS.convert(limits.readerPatience()));
        this.memory = memory;
        this.reclaimer = reclaimer;
        this.worker = worker;
        this.returner = returner;
        this.listener = new ListenerGuard(listeners);
        this.step = new BatchStep(
                model, limits.maxRunning(), maxBatchTokens, new PrefillPace(limits.prefillChunk()), listener);
        this.retryHint = new RetryHint(limits.maxRunning());
        this.admission = new Admission(limits, memory, reclaimer, retryHint);
        this.reservations = new Reservations(this, admission, memory);
        this.thread = new Thread(this::loop, "longspan-engine");
        thread.setDaemon(true);
        thread.start();
    }

    /** Adds a listener. */
    public void addListener(EngineListener added) {
        listener.add(added);
    }

    /** Takes a listener away, if it is there. */
    public void removeListener(EngineListener removed) {
        listener.remove(removed);
    }

    /**
     * Queues a request.
     *
     * @param spec what is to be computed
     * @param owner where its state comes from and what becomes of it; not called if this method throws
     * @throws ContextMemoryException if it needs more memory than there will ever be
     * @throws EngineOverloadedException if the queue is full
     * @throws EngineClosedException if the engine is closed
     */
    public ChatStream submit(GenerationSpec spec, TurnOwner owner) {
        return enqueue(spec, owner);
    }

    /** Queues a request as {@link #submit} does, each time that somebody subscribes. */
    public Flow.Publisher<ChatEvent> publisher(
            Supplier<GenerationSpec> spec, Supplier<TurnOwner> owner, Executor executor) {
        return new EventPublisher(() -> enqueue(spec.get(), owner.get()), executor);
    }

    private EventQueue enqueue(GenerationSpec spec, TurnOwner owner) {
        try {
            memory.requirePossible(spec);
            Generation generation = new Generation(spec, owner, vocabulary, this::stir, this::isOnEngine);
            add(generation);
            return generation.events();
        } catch (ContextMemoryException | EngineOverloadedException e) {
            listener.requestRefused(e);
            throw e;
        }
    }

    /**
     * Refuses at once what would be refused later, before anything costly is done for it.
     *
     * @throws EngineOverloadedException if the queue is full
     * @throws EngineClosedException if the engine is closed
     */
    public void requirePlace() {
        try {
            lock.lock();
            try {
                admission.requirePlace(running.activeCount());
            } finally {
                lock.unlock();
            }
        } catch (EngineOverloadedException e) {
            listener.requestRefused(e);
            throw e;
        }
    }

    private void add(Generation generation) {
        int tokens = generation.spec().prompt().length;
        lock.lock();
        try {
            admission.requirePlace(running.activeCount());
            admission.requireRoomFor(tokens);
            listener.requestQueued(tokens);
            admission.add(generation);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** {@return memory that is set aside, or held for a moment} Any thread. */
    public Reservations reservations() {
        return reservations;
    }

    /** {@return what states and checkpoints hold, and what computing needs beside them; what several share counts once} */
    public MemorySize held() {
        return memory.held();
    }

    /** {@return whether what is submitted is computed} Waits for nobody. */
    public boolean isOpen() {
        return open;
    }

    /** {@return what there is to do} */
    public EngineLoad load() {
        lock.lock();
        try {
            return new EngineLoad(running.size(), admission.size(), admission.tokens());
        } finally {
            lock.unlock();
        }
    }

    /** Makes the thread look again at what is cancelled and what has room. */
    public void wake() {
        lock.lock();
        try {
            woken = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** One of those that run was read or cancelled. */
    private void stir() {
        running.stir();
        wake();
    }

    /** Ends every stream with {@link EngineClosedException} within one step, and joins the thread, but on the thread itself. */
    @Override
    public void close() {
        refuseAll();
        boolean interrupted = false;
        while (thread.isAlive() && Thread.currentThread() != thread) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** May be called again. */
    private void refuseAll() {
        open = false;
        lock.lock();
        try {
            admission.close();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** {@return whether the calling thread is the engine's own, which must not wait for what it does itself} */
    public boolean isOnEngine() {
        return Thread.currentThread() == thread;
    }

    /** Does something with the lock that guards the admission, and makes the thread look again. */
    <T> T withLock(Supplier<T> work) {
        lock.lock();
        try {
            woken = true;
            changed.signalAll();
            return work.get();
        } finally {
            lock.unlock();
        }
    }

    /** Decides what waits. On the engine's thread. */
    void decide() {
        withLock(() -> admission.canAdmit(running));
    }

    /** Whoever waits for a state that a request has brought back need not wait for the request's first step, too. */
    private void grantUnneeded() {
        withLock(() -> {
            admission.grantUnneeded();
            return admission;
        });
    }

    /** Waits until something holds that changes with a {@link #wake}. */
    void await(BooleanSupplier condition) {
        lock.lock();
        try {
            while (!condition.getAsBoolean()) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    private void loop() {
        LongspanException reason = new EngineClosedException();
        try {
            while (admit()) {
                retire();
                goOn();
                step.compute(running.active());
                if (step.tookCheckpoints()) {
                    giveWay();
                }
                settle();
            }
        } catch (Throwable e) { // whatever it is, every stream gets its end
            reason = new GenerationException("the engine failed: " + e, e);
            LOG.error("the engine's thread failed", e);
        } finally {
            ending.endAll(reason);
        }
    }

    /** Takes requests from the queue; waits while there is nothing to do. Answers false when the engine closes. */
    private boolean admit() {
        lock.lock();
        try {
            while (mustWait()) {
                changed.await(RunningSet.LOOK_NANOS, TimeUnit.NANOSECONDS);
            }
            woken = false;
            if (admission.isClosing()) {
                return false;
            }
            admission.removeCancelled(cancelled);
        } catch (InterruptedException e) {
            LOG.warn("something has interrupted the engine's thread; it goes on"); // and the flag is clear now
            return true;
        } finally {
            lock.unlock();
        }
        for (int i = 0; i < cancelled.size(); i++) {
            cancelled.get(i).cancel();
            tellEnd(cancelled.get(i));
        }
        cancelled.clear();
        for (Generation next = admitted(); next != null; next = admitted()) {
            begin(next);
        }
        return true;
    }

    /** Takes the first request from the queue if it can start. It does so before the next is looked at, which may take memory. */
    private @Nullable Generation admitted() {
        lock.lock();
        try {
            Generation next = admission.next(running);
            if (next != null) {
                running.add(next);
            }
            return next;
        } finally {
            lock.unlock();
        }
    }

    /** What running answers were promised comes before what is only kept for later. */
    private void giveWay() {
        while (memory.isOverdrawn(running) && reclaimer.free() == Reclaimer.Result.FREED) {
            // until there is room again, or nothing left to free at once
        }
    }

    /** Whether there is nothing to do: no change, no sequence that can go on, none to admit, none to give up. */
    private boolean mustWait() {
        running.gather();
        if (admission.isClosing() || woken || admission.canAdmit(running)) {
            return false;
        }
        List<Generation> active = running.active();
        for (int i = 0; i < active.size(); i++) {
            if (active.get(i).canRun()
                    || active.get(i).wantsPlan()
                    || active.get(i).hasReturned()
                    || running.isTooSlow(active.get(i))) {
                return false;
            }
        }
        return true;
    }

    /** Has the state of a request brought back, or starts it. */
    private void begin(Generation generation) {
        try {
            if (admission.isForced()) {
                memory.requireRoom(generation, generation.sharedTokens());
            }
            ParkedSize parked = generation.parked();
            if (parked == null) {
                start(generation);
            } else {
                bringBack(generation, parked);
            }
        } catch (RuntimeException | Error e) {
            generation.fail(BatchStep.explained(e));
        }
    }

    private void bringBack(Generation generation, ParkedSize parked) {
        Reservation room = reservations.take(parked);
        Runnable returning = generation.bringBack();
        try {
            returner.execute(() -> {
                try {
                    returning.run();
                } finally {
                    room.close();
                }
            });
        } catch (RuntimeException | Error e) {
            room.close();
            throw e;
        }
    }

    private void start(Generation generation) {
        try {
            generation.start(model);
        } catch (Throwable e) { // a tool parser of the application may throw anything
            generation.fail(BatchStep.explained(e));
        }
        listener.requestStarted(generation.timing().queue());
    }

    /** Ends what is cancelled or not read. */
    private void retire() {
        List<Generation> active = running.active();
        for (int i = 0; i < active.size(); i++) {
            Generation generation = active.get(i);
            if (generation.mustCancel()) {
                generation.cancel();
            } else if (running.isTooSlow(generation)) {
                generation.fail(
                        new ReaderTooSlowException(limits.readerPatience().toSeconds()));
            }
        }
        settle();
    }

    /** Starts those whose states have come back; has commits planned elsewhere, and goes on with those that are. */
    private void goOn() {
        List<Generation> active = running.active();
        for (int i = 0; i < active.size(); i++) {
            Generation generation = active.get(i);
            if (generation.hasReturned()) {
                start(generation);
                grantUnneeded();
            }
            try {
                if (generation.wantsPlan()) {
                    Runnable planning = generation.planCommit();
                    worker.execute(() -> {
                        planning.run();
                        wake();
                    });
                }
                generation.proceed(model);
            } catch (Throwable e) {
                LOG.error("an answer could not be committed", e);
                generation.fail(BatchStep.explained(e));
            }
        }
        settle();
    }

    private void settle() {
        running.settle(whatEnded);
    }

    private void ended(Generation generation) {
        Timing timing = generation.timing();
        retryHint.ended(timing.total().minus(timing.queue()));
        tellEnd(generation);
    }

    private void tellEnd(Generation generation) {
        LongspanException error = generation.error();
        FinishReason reason = generation.finishReason();
        if (reason != null) {
            listener.requestCompleted(reason, generation.usage(), generation.timing());
        } else if (error != null) {
            listener.requestFailed(error, generation.usage());
        }
    }

    /** Takes out all that there are, and lets none in. */
    private void gather(List<Generation> all) {
        refuseAll();
        running.drainTo(all);
        all.addAll(cancelled);
        cancelled.clear();
        withLock(() -> {
            admission.end(all);
            return admission;
        });
    }
}
