package dev.longspan.engine;

import dev.longspan.ChatEngine;
import dev.longspan.ChatEvent;
import dev.longspan.ChatRequest;
import dev.longspan.FlushPolicy;
import dev.longspan.RepetitionSettings;
import dev.longspan.tck.DigestBackend;
import dev.longspan.tck.DigestModel;
import dev.longspan.tck.TemplateKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Flow;
import org.reactivestreams.tck.TestEnvironment;
import org.reactivestreams.tck.flow.FlowPublisherVerification;
import org.testng.annotations.AfterClass;
import org.testng.annotations.BeforeClass;

/**
 * The kit of Reactive Streams on the publisher of events; run by {@link EventPublisherTest}. It wants a number of elements
 * exactly: one text delta per token, and the completion.
 */
public final class EventPublisherVerification extends FlowPublisherVerification<ChatEvent> {
    private static final int PATIENCE_MILLIS = 2000;
    private static final int QUIET_MILLIS = 50;

    private final DigestBackend backend = new DigestBackend();
    private ChatEngine engine;
    private ChatEngine closed;
    private Path folder;

    public EventPublisherVerification() {
        super(new TestEnvironment(PATIENCE_MILLIS, QUIET_MILLIS), PATIENCE_MILLIS);
    }

    @BeforeClass
    void open() throws IOException {
        folder = Files.createTempDirectory("publisher");
        DigestModel.writeTo(folder, TemplateKind.STABLE);
        engine = ChatEngine.builder().model(folder).backend(backend).build();
        closed = ChatEngine.builder().model(folder).backend(backend).build();
        closed.close();
    }

    @AfterClass
    void close() throws IOException {
        engine.close();
        backend.close();
        try (var files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }

    @Override
    public long maxElementsFromPublisher() {
        return 1000;
    }

    @Override
    public Flow.Publisher<ChatEvent> createFlowPublisher(long elements) {
        String text = "x".repeat((int) Math.max(0, elements - 1));
        ChatRequest request = ChatRequest.builder()
                .user((text.isEmpty() ? "" : "!say " + text + "\n") + "!end")
                .flushPolicy(FlushPolicy.EVERY_TOKEN)
                .repetition(RepetitionSettings.DEFAULT.with(Map.of("enabled", false)))
                .build();
        return subscriber -> engine.publisher(request).subscribe(new WithoutProgress(subscriber, elements == 0));
    }

    @Override
    public Flow.Publisher<ChatEvent> createFailedFlowPublisher() {
        return closed.publisher(ChatRequest.of("x"));
    }

    /** Leaves out progress, of which there is no certain number. */
    private static final class WithoutProgress implements Flow.Subscriber<ChatEvent> {
        private final Flow.Subscriber<? super ChatEvent> subscriber;
        private final boolean nothing;
        private Flow.Subscription subscription;

        WithoutProgress(Flow.Subscriber<? super ChatEvent> subscriber, boolean nothing) {
            this.subscriber = java.util.Objects.requireNonNull(subscriber);
            this.nothing = nothing;
        }

        @Override
        public void onSubscribe(Flow.Subscription given) {
            subscription = given;
            subscriber.onSubscribe(given);
            if (nothing) {
                given.request(1);
            }
        }

        @Override
        public void onNext(ChatEvent event) {
            if (event instanceof ChatEvent.PromptProgress || nothing) {
                subscription.request(1);
            } else {
                subscriber.onNext(event);
            }
        }

        @Override
        public void onError(Throwable error) {
            subscriber.onError(error);
        }

        @Override
        public void onComplete() {
            subscriber.onComplete();
        }
    }
}
