package dev.longspan.cli;

import dev.longspan.ChatEngine;
import dev.longspan.ChatEvent;
import dev.longspan.ChatMessage;
import dev.longspan.ChatResponse;
import dev.longspan.ChatStream;
import dev.longspan.FinishReason;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The messages so far, and the next turn. A turn that fails, or is stopped before it said anything, leaves no trace. Only
 * {@link #stop} may be called from another thread.
 */
final class Conversation {
    private final ChatEngine engine;
    private final AnswerOptions options;
    private final AtomicReference<@Nullable ChatStream> running = new AtomicReference<>();
    private List<ChatMessage> messages;

    Conversation(ChatEngine engine, AnswerOptions options) {
        this.engine = engine;
        this.options = options;
        messages = options.opening();
    }

    /** {@return the messages so far; without the model's thinking} */
    List<ChatMessage> messages() {
        return messages;
    }

    /** Forgets everything but the system message. */
    void clear() {
        messages = options.opening();
    }

    /**
     * Finds out whether the model accepts the settings.
     *
     * @throws dev.longspan.spi.LongspanException if it does not
     */
    void check() {
        engine.countTokens(options.request(with(messages, ChatMessage.user("?"))));
    }

    /**
     * Says something and shows the answer.
     *
     * @throws dev.longspan.spi.LongspanException if the answer failed; the view has not been told
     */
    ChatResponse ask(String text, AnswerView view) {
        List<ChatMessage> asked = with(messages, ChatMessage.user(text));
        ChatResponse response = answer(asked, view);
        ChatMessage.AssistantMessage answer = response.message().withoutThinking();
        boolean nothingSaid = answer.text().isEmpty() && answer.toolCalls().isEmpty();
        if (response.finishReason() != FinishReason.CANCELLED || !nothingSaid) {
            messages = with(asked, answer);
        }
        return response;
    }

    /** Stops the answer that is being given, if there is one. */
    void stop() {
        ChatStream stream = running.get();
        if (stream != null) {
            stream.cancel();
        }
    }

    private ChatResponse answer(List<ChatMessage> asked, AnswerView view) {
        try (ChatStream stream = engine.stream(options.request(asked))) {
            running.set(stream);
            while (true) {
                ChatEvent event = stream.next();
                if (event instanceof ChatEvent.Failed failed) {
                    throw failed.error();
                }
                view.show(event);
                if (event instanceof ChatEvent.Completed completed) {
                    return completed.response();
                }
            }
        } finally {
            running.set(null);
        }
    }

    private static List<ChatMessage> with(List<ChatMessage> some, ChatMessage last) {
        List<ChatMessage> all = new ArrayList<>(some);
        all.add(last);
        return List.copyOf(all);
    }
}
