package dev.longspan.engine;

import dev.longspan.ChatEvent;
import dev.longspan.ChatResponse;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;

/** The answer of a publisher as a future. */
public final class ResponseFuture implements Flow.Subscriber<ChatEvent> {
    private final CompletableFuture<ChatResponse> future = new CompletableFuture<>();

    private ResponseFuture() {}

    /** {@return the answer; cancelling it cancels the subscription} */
    public static CompletableFuture<ChatResponse> of(Flow.Publisher<ChatEvent> publisher) {
        ResponseFuture subscriber = new ResponseFuture();
        publisher.subscribe(subscriber);
        return subscriber.future;
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
        // whoever completes the future before the answer does, a timeout too, no longer wants the answer
        var unused = future.whenComplete((response, error) -> subscription.cancel());
        subscription.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(ChatEvent event) {
        if (event instanceof ChatEvent.Completed completed) {
            future.complete(completed.response());
        }
    }

    @Override
    public void onError(Throwable error) {
        future.completeExceptionally(error);
    }

    @Override
    public void onComplete() {
        // the answer came before
    }
}
