package dev.longspan;

import dev.longspan.spi.LongspanException;

/**
 * What happens while an answer is made. A stream gives any number of {@link PromptProgress}, then any of the deltas and
 * {@link ToolCallReady}, and then exactly one end: {@link Completed} or {@link Failed}.
 */
public sealed interface ChatEvent {
    /**
     * A part of the prompt has been read.
     *
     * @param doneTokens how many of its tokens have been read, reused ones included
     * @param totalTokens how many it has
     * @param reusedTokens how many had not to be computed again
     */
    record PromptProgress(int doneTokens, int totalTokens, int reusedTokens) implements ChatEvent {}

    /**
     * The model thinks on.
     *
     * @param text the next piece, whole characters, never empty
     */
    record ThinkingDelta(String text) implements ChatEvent {}

    /**
     * The answer goes on.
     *
     * @param text the next piece, whole characters, never empty
     */
    record TextDelta(String text) implements ChatEvent {}

    /**
     * A tool call goes on; provisional until {@link ToolCallReady}.
     *
     * @param index which call of this answer, from 0
     * @param name the tool's name, as far as it is known
     * @param argumentsDelta the next piece of its arguments as the model writes them
     */
    record ToolCallDelta(int index, String name, String argumentsDelta) implements ChatEvent {}

    /**
     * A tool call is complete.
     *
     * @param index which call of this answer, from 0
     * @param call the call
     */
    record ToolCallReady(int index, ToolCall call) implements ChatEvent {}

    /**
     * The answer has ended. The last event.
     *
     * @param response the whole answer; its texts are the deltas joined
     */
    record Completed(ChatResponse response) implements ChatEvent {}

    /**
     * The answer has failed. The last event.
     *
     * @param error why
     */
    record Failed(LongspanException error) implements ChatEvent {}
}
