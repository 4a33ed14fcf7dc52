package dev.longspan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** An answer as a future and as a publisher. */
class ViewsTest extends OnDigestBackend {
    /** Takes all events, one at a time. */
    private static final class Collector implements Flow.Subscriber<ChatEvent> {
        final List<ChatEvent> events = Collections.synchronizedList(new ArrayList<>());
        final List<String> threads = Collections.synchronizedList(new ArrayList<>());
        final CompletableFuture<Throwable> error = new CompletableFuture<>();
        final CountDownLatch complete = new CountDownLatch(1);
        Flow.Subscription subscription;

        @Override
        public void onSubscribe(Flow.Subscription given) {
            subscription = given;
            given.request(1);
        }

        @Override
        public void onNext(ChatEvent event) {
            events.add(event);
            threads.add(Thread.currentThread().getName());
            subscription.request(1);
        }

        @Override
        public void onError(Throwable reason) {
            error.complete(reason);
        }

        @Override
        public void onComplete() {
            complete.countDown();
        }
    }

    @Test
    void aFutureHoldsTheAnswerThatAStreamGives() throws Exception {
        ChatEngine engine = engine();
        ChatRequest request = user("!think 3\n!say hello\n!end").build();
        ChatResponse response = engine.chatAsync(request).get(20, TimeUnit.SECONDS);
        assertThat(response.message()).isEqualTo(engine.chat(request).message());
    }

    @Test
    void aFailureIsTheFuturesFailure() {
        ChatEngine engine = engine();
        assertThatThrownBy(() -> engine.chatAsync(user("!fail").build()).get(20, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(dev.longspan.spi.BackendException.class);
        engine.close();
        assertThatThrownBy(() -> engine.chatAsync(user("x").build()).join())
                .isInstanceOf(CompletionException.class)
                .hasCauseInstanceOf(EngineClosedException.class);
    }

    @Test
    void cancellingAFutureOrItsTimeoutEndsTheAnswer() {
        ChatEngine engine = engine();
        CompletableFuture<ChatResponse> cancelled = engine.chatAsync(endless().build());
        backend.gate().hold();
        backend.gate().awaitWaiting(LIMIT);
        assertThat(cancelled.cancel(true)).isTrue();
        backend.gate().release();
        awaitIdle(engine);
        CompletableFuture<ChatResponse> late =
                engine.chatAsync(endless().build()).orTimeout(1, TimeUnit.MILLISECONDS);
        assertThatThrownBy(late::join).hasCauseInstanceOf(java.util.concurrent.TimeoutException.class);
        awaitIdle(engine);
    }

    @Test
    void aPublisherGivesTheSameEventsAndCallsFromTheExecutor() throws Exception {
        ChatEngine engine = engine();
        ChatRequest request = user("!think 3\n!say hello\n!end").build();
        Flow.Publisher<ChatEvent> publisher = engine.publisher(request);
        for (int i = 0; i < 2; i++) {
            Collector collector = new Collector();
            publisher.subscribe(collector);
            assertThat(collector.complete.await(20, TimeUnit.SECONDS)).isTrue();
            StringBuilder text = new StringBuilder();
            for (ChatEvent event : collector.events) {
                text.append(event instanceof ChatEvent.TextDelta delta ? delta.text() : "");
            }
            assertThat(text.toString()).isEqualTo("hello");
            assertThat(collector.events.get(collector.events.size() - 1)).isInstanceOf(ChatEvent.Completed.class);
            assertThat(collector.threads).noneMatch(name -> name.equals("longspan-engine"));
        }
    }

    @Test
    void aFailureIsAnErrorAndComesWithoutDemand() throws Exception {
        Collector collector = new Collector();
        engine().publisher(user("!say half\n!fail").build()).subscribe(collector);
        assertThat(collector.error.get(20, TimeUnit.SECONDS)).isInstanceOf(dev.longspan.spi.BackendException.class);
        assertThat(collector.events).noneMatch(ChatEvent.Failed.class::isInstance);
    }

    @Test
    void aSubscriberThatThrowsLosesItsAnswerAndNothingElse() throws Exception {
        ChatEngine engine = engine();
        CountDownLatch thrown = new CountDownLatch(1);
        engine.publisher(endless().build()).subscribe(new Flow.Subscriber<>() {
            @Override
            public void onSubscribe(Flow.Subscription subscription) {
                subscription.request(Long.MAX_VALUE);
            }

            @Override
            public void onNext(ChatEvent event) {
                thrown.countDown();
                throw new IllegalStateException("a defect of the application");
            }

            @Override
            public void onError(Throwable error) {}

            @Override
            public void onComplete() {}
        });
        assertThat(thrown.await(20, TimeUnit.SECONDS)).isTrue();
        awaitIdle(engine);
        assertThat(engine.chat(user("!say on\n!end").build()).text()).isEqualTo("on");
    }

    @Test
    void aBadRequestIsRefusedBeforeAnybodySubscribes() {
        ChatEngine engine = engine();
        assertThatThrownBy(() -> engine.publisher(user("x").system("y").build()))
                .isInstanceOf(InvalidRequestException.class);
        assertThatThrownBy(() -> engine.chatAsync(
                        user("x").logitBias(java.util.Map.of(263, 1.0)).build()))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("263");
    }
}
