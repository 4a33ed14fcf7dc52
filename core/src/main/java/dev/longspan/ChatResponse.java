package dev.longspan;

/**
 * A whole answer.
 *
 * @param message what the model said, thought and called
 * @param finishReason why it ended
 * @param usage how many tokens it took
 * @param timing how long it took
 */
public record ChatResponse(
        ChatMessage.AssistantMessage message, FinishReason finishReason, TokenUsage usage, Timing timing) {
    /** {@return the visible text; empty if there is none} */
    public String text() {
        return message.text();
    }
}
