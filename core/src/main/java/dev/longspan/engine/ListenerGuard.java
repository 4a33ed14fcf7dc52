package dev.longspan.engine;

import dev.longspan.EngineListener;
import dev.longspan.FinishReason;
import dev.longspan.Timing;
import dev.longspan.TokenUsage;
import dev.longspan.spi.LongspanException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells several listeners, and keeps what they throw from the engine. */
final class ListenerGuard implements EngineListener {
    private static final Logger LOG = LoggerFactory.getLogger(ListenerGuard.class);

    private final List<EngineListener> listeners;

    ListenerGuard(List<EngineListener> listeners) {
        this.listeners = new CopyOnWriteArrayList<>(listeners);
    }

    void add(EngineListener listener) {
        listeners.add(Objects.requireNonNull(listener, "listener"));
    }

    void remove(EngineListener listener) {
        listeners.remove(listener);
    }

    private void tell(Consumer<EngineListener> what) {
        for (EngineListener listener : listeners) {
            try {
                what.accept(listener);
            } catch (Throwable e) { // checked ones too, which some languages throw without saying so
                LOG.error("a listener of the engine failed", e);
            }
        }
    }

    @Override
    public void requestQueued(int promptTokens) {
        tell(listener -> listener.requestQueued(promptTokens));
    }

    @Override
    public void requestRefused(LongspanException reason) {
        tell(listener -> listener.requestRefused(reason));
    }

    @Override
    public void requestStarted(Duration queued) {
        tell(listener -> listener.requestStarted(queued));
    }

    @Override
    public void stepComputed(int runs, int tokens, Duration duration) {
        if (!listeners.isEmpty()) {
            tell(listener -> listener.stepComputed(runs, tokens, duration));
        }
    }

    @Override
    public void requestCompleted(FinishReason reason, TokenUsage usage, Timing timing) {
        tell(listener -> listener.requestCompleted(reason, usage, timing));
    }

    @Override
    public void requestFailed(LongspanException error, TokenUsage usage) {
        tell(listener -> listener.requestFailed(error, usage));
    }
}
