package dev.longspan.cli;

import dev.longspan.FinishReason;
import dev.longspan.TurnInfo;

/** Says for people why something ended. */
final class Explanation {
    private Explanation() {}

    /** {@return why an answer ended} */
    static String of(FinishReason reason) {
        return switch (reason) {
            case STOP -> "the model ended it";
            case LENGTH -> "the limit of tokens was reached";
            case TOOL_CALLS -> "the model calls tools";
            case REPETITION -> "the model repeated itself";
            case CANCELLED -> "stopped";
        };
    }

    /** {@return why no more of a conversation's state was reused} */
    static String of(TurnInfo.ReuseEnd end) {
        return switch (end) {
            case EMPTY -> "nothing was held";
            case ALL_HELD -> "everything held was reused";
            case TOKENS_DIFFER -> "the tokens differ from there on";
            case PROMPT_ENDED -> "the prompt is only a part of what was held";
        };
    }
}
