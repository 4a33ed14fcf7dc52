package dev.longspan.output;

import dev.longspan.ToolParser;
import dev.longspan.ToolSpecification;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How an output is to be read.
 *
 * @param startsThinking whether the prompt has opened a thinking block that the output goes on with
 * @param stop strings that end the visible text, none empty
 * @param toolParser how calls are written; null: they are not looked for, and are text
 * @param tools the tools that may be called; none: a call may have any name
 * @param callsAllowed whether a call is no error
 * @param maxCalls how many calls there may be
 * @param singleCall whether the first call ends the output
 * @param dropsNewlines whether the newlines directly behind a thinking block are no text
 */
public record OutputRules(
        boolean startsThinking,
        List<String> stop,
        @Nullable ToolParser toolParser,
        List<ToolSpecification> tools,
        boolean callsAllowed,
        int maxCalls,
        boolean singleCall,
        boolean dropsNewlines) {
    /** Copies the components. */
    public OutputRules {
        stop = List.copyOf(stop);
        tools = List.copyOf(tools);
    }

    /** Rules for an output of several calls. */
    public OutputRules(
            boolean startsThinking,
            List<String> stop,
            @Nullable ToolParser toolParser,
            List<ToolSpecification> tools,
            boolean callsAllowed,
            int maxCalls,
            boolean dropsNewlines) {
        this(startsThinking, stop, toolParser, tools, callsAllowed, maxCalls, false, dropsNewlines);
    }

    /**
     * {@return rules for an output of thinking and text alone}
     *
     * @param startsThinking whether the prompt has opened a thinking block
     */
    public static OutputRules text(boolean startsThinking) {
        return new OutputRules(startsThinking, List.of(), null, List.of(), false, 0, false);
    }
}
