package dev.longspan.engine;

import dev.longspan.ChatEvent;
import dev.longspan.spi.LongspanException;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The events of an answer for subscribers; each gets an answer of its own. They are called by the executor, one call after the
 * other. A failure is an error, not an event.
 */
final class EventPublisher implements Flow.Publisher<ChatEvent> {
    private static final Logger LOG = LoggerFactory.getLogger(EventPublisher.class);

    private final Supplier<EventQueue> begin;
    private final Executor executor;

    EventPublisher(Supplier<EventQueue> begin, Executor executor) {
        this.begin = begin;
        this.executor = executor;
    }

    @Override
    public void subscribe(Flow.Subscriber<? super ChatEvent> subscriber) {
        Objects.requireNonNull(subscriber, "subscriber");
        EventQueue queue;
        try {
            queue = begin.get();
        } catch (LongspanException e) {
            subscriber.onSubscribe(new NoSubscription());
            subscriber.onError(e);
            return;
        }
        new EventSubscription(queue, subscriber, executor).begin();
    }

    /** The subscription of a request that was refused. */
    private static final class NoSubscription implements Flow.Subscription {
        @Override
        public void request(long count) {
            // there will be nothing
        }

        @Override
        public void cancel() {
            // nothing was begun
        }
    }

    private static final class EventSubscription implements Flow.Subscription {
        private final EventQueue queue;
        private final Executor executor;
        private final AtomicLong demand = new AtomicLong();
        /** How often it was asked to look for events since it last began to: 0 while nobody looks. */
        private final AtomicInteger asked = new AtomicInteger();

        private volatile Flow.@Nullable Subscriber<? super ChatEvent> subscriber;
        private volatile @Nullable IllegalArgumentException badRequest;

        EventSubscription(EventQueue queue, Flow.Subscriber<? super ChatEvent> subscriber, Executor executor) {
            this.queue = queue;
            this.subscriber = subscriber;
            this.executor = executor;
        }

        void begin() {
            Flow.Subscriber<? super ChatEvent> told = subscriber;
            asked.set(1); // no event while onSubscribe runs
            try {
                if (told != null) {
                    told.onSubscribe(this);
                }
            } catch (Throwable e) {
                cancel();
                throw e;
            }
            asked.set(0);
            queue.watch(this::look);
        }

        @Override
        public void request(long count) {
            if (count <= 0) {
                badRequest = new IllegalArgumentException("expected a request for at least 1 event, found " + count);
            } else {
                demand.accumulateAndGet(count, (old, more) -> old + more < 0 ? Long.MAX_VALUE : old + more);
            }
            look();
        }

        @Override
        public void cancel() {
            subscriber = null;
            queue.abandon();
        }

        private void look() {
            if (asked.getAndIncrement() == 0) {
                try {
                    executor.execute(this::deliver);
                } catch (Throwable e) { // most likely a RejectedExecutionException
                    LOG.error("the executor takes no more work; the answer is cancelled", e);
                    Flow.Subscriber<? super ChatEvent> told = subscriber;
                    cancel();
                    if (told != null) {
                        told.onError(e);
                    }
                }
            }
        }

        private void deliver() {
            int seen = asked.get();
            do {
                try {
                    deliverWhatIsThere();
                } catch (Throwable e) { // checked ones too, which some languages throw without saying so
                    LOG.error("a subscriber failed; its answer is cancelled", e);
                    cancel();
                }
                seen = asked.addAndGet(-seen);
            } while (seen != 0);
        }

        private void deliverWhatIsThere() {
            while (true) {
                Flow.Subscriber<? super ChatEvent> told = subscriber;
                if (told == null) {
                    return;
                }
                IllegalArgumentException bad = badRequest;
                if (bad != null) {
                    cancel();
                    told.onError(bad);
                    return;
                }
                ChatEvent event = queue.poll(demand.get() == 0);
                if (event == null) {
                    return;
                }
                if (event instanceof ChatEvent.Failed failed) {
                    subscriber = null;
                    told.onError(failed.error());
                    return;
                }
                demand.updateAndGet(old -> old == Long.MAX_VALUE ? old : old - 1);
                told.onNext(event);
                if (event instanceof ChatEvent.Completed) {
                    if (subscriber != null) {
                        subscriber = null;
                        told.onComplete();
                    }
                    return;
                }
            }
        }
    }
}
