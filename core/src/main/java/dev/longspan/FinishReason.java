package dev.longspan;

/** Why an answer ended. */
public enum FinishReason {
    /** The model ended it. */
    STOP,
    /** The limit of tokens was reached, or the room for them was used up. */
    LENGTH,
    /** The model calls tools and waits for their results. */
    TOOL_CALLS,
    /** The model repeated itself. */
    REPETITION,
    /** It was cancelled. */
    CANCELLED
}
