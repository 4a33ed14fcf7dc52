package dev.longspan;

import dev.longspan.spi.LongspanException;
import java.io.Serial;

/** A model wrote a tool call that cannot be used. What it wrote is not lost: see {@link #rawText}. */
public final class ToolCallException extends LongspanException {
    @Serial
    private static final long serialVersionUID = 1;

    private final Reason reason;
    private final String detail;
    private final String rawText;

    /** What is wrong with a call. */
    public enum Reason {
        /** It does not keep to the format. */
        MALFORMED("is malformed"),
        /** The answer ended before it did. */
        INCOMPLETE("is not complete"),
        /** It names a tool that was not offered. */
        UNKNOWN_TOOL("names an unknown tool"),
        /** No call was allowed. */
        NOT_ALLOWED("is not allowed"),
        /** The answer holds more calls than it may. */
        TOO_MANY("is one too many");

        private final String words;

        Reason(String words) {
            this.words = words;
        }
    }

    /**
     * Makes an exception.
     *
     * @param reason what is wrong
     * @param detail more about it: what was expected and what was found
     * @param rawText the call as the model wrote it
     */
    public ToolCallException(Reason reason, String detail, String rawText) {
        super("a tool call of the model " + reason.words + ": " + detail);
        this.reason = reason;
        this.detail = detail;
        this.rawText = rawText;
    }

    /**
     * {@return an exception for a call that does not keep to the format, for a {@link ToolParser.Reader} to throw; the raw text
     * is added later}
     *
     * @param detail what was expected and what was found
     */
    public static ToolCallException malformed(String detail) {
        return new ToolCallException(Reason.MALFORMED, detail, "");
    }

    /** {@return what is wrong} */
    public Reason reason() {
        return reason;
    }

    /** {@return more about what is wrong} */
    public String detail() {
        return detail;
    }

    /** {@return the call as the model wrote it} */
    public String rawText() {
        return rawText;
    }
}
