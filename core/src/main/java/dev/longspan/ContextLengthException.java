package dev.longspan;

import java.io.Serial;

/** A prompt leaves no room for an answer. */
public final class ContextLengthException extends InvalidRequestException {
    @Serial
    private static final long serialVersionUID = 1;

    private final int promptTokens;
    private final int maxContextTokens;

    /**
     * Makes an exception.
     *
     * @param promptTokens how many tokens the prompt has
     * @param maxContextTokens how many tokens prompt and answer may have together
     */
    public ContextLengthException(int promptTokens, int maxContextTokens) {
        super(
                "messages",
                "expected a prompt of at most " + (maxContextTokens - 1)
                        + " tokens, because prompt and answer together may have " + maxContextTokens + ", found "
                        + promptTokens);
        this.promptTokens = promptTokens;
        this.maxContextTokens = maxContextTokens;
    }

    /** {@return how many tokens the prompt has} */
    public int promptTokens() {
        return promptTokens;
    }

    /** {@return how many tokens prompt and answer may have together} */
    public int maxContextTokens() {
        return maxContextTokens;
    }
}
