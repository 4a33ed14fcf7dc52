package dev.longspan;

/**
 * How many tokens an answer took.
 *
 * @param promptTokens the tokens of the conversation it answers, reused ones included
 * @param completionTokens the tokens of the answer: thinking and the end token included
 * @param thinkingTokens those of the answer that are thinking
 * @param reusedTokens those of the prompt that had not to be computed again
 */
public record TokenUsage(int promptTokens, int completionTokens, int thinkingTokens, int reusedTokens) {
    /** {@return prompt and answer together} */
    public int totalTokens() {
        return promptTokens + completionTokens;
    }
}
