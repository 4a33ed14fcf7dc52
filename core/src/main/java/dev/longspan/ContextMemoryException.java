package dev.longspan;

import java.io.Serial;

/** A prompt and the most tokens of its answer need more memory than there is for states in all: they will never fit. */
public final class ContextMemoryException extends InvalidRequestException {
    @Serial
    private static final long serialVersionUID = 1;

    private final long neededBytes;
    private final long availableBytes;

    /**
     * Makes an exception.
     *
     * @param promptTokens how many tokens the prompt has
     * @param maxTokens how many tokens the answer may have
     * @param neededBytes how many bytes both need at most
     * @param availableBytes how many bytes there are for states
     */
    public ContextMemoryException(int promptTokens, int maxTokens, long neededBytes, long availableBytes) {
        super(
                "maxTokens",
                "expected prompt and answer to need at most " + availableBytes
                        + " bytes, all the memory that there is for states; found a prompt of " + promptTokens
                        + " tokens and an answer of up to " + maxTokens + ", which may need " + neededBytes);
        this.neededBytes = neededBytes;
        this.availableBytes = availableBytes;
    }

    /** {@return how many bytes prompt and answer need at most} */
    public long neededBytes() {
        return neededBytes;
    }

    /** {@return how many bytes there are for states} */
    public long availableBytes() {
        return availableBytes;
    }
}
