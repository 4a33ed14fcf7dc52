package dev.longspan.cli;

import dev.longspan.FinishReason;

/** Says for people why an answer ended. */
final class Explanation {
    private Explanation() {}

    static String of(FinishReason reason) {
        return switch (reason) {
            case STOP -> "the model ended it";
            case LENGTH -> "the limit of tokens was reached";
            case TOOL_CALLS -> "the model calls tools";
            case REPETITION -> "the model repeated itself";
            case CANCELLED -> "stopped";
        };
    }
}
