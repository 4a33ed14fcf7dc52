package dev.longspan;

import dev.longspan.spi.LongspanException;
import java.io.Serial;

/** A model's chat template cannot be understood, or refuses or fails to render a conversation. */
public final class ChatTemplateException extends LongspanException {
    @Serial
    private static final long serialVersionUID = 1;

    /** What kind of fault it is. */
    public enum Reason {
        /** The template's text is not Jinja2 as far as chat templates use it. Found when the model is loaded. */
        SYNTAX,
        /** A filter, test, function or method that is not known here. Found when the model is loaded. */
        UNKNOWN_NAME,
        /** The template called {@code raise_exception}: it does not accept this conversation. */
        RAISED,
        /** An operation on values it is not made for, or on an undefined value. */
        EVALUATION,
        /** A limit on steps, output or depth was reached. */
        LIMIT
    }

    private final Reason reason;
    private final String problem;
    private final int line;
    private final int column;

    /**
     * Makes an exception.
     *
     * @param reason what kind of fault it is
     * @param message what was wrong; for {@link Reason#RAISED} the template's own words
     * @param line the line of the template, from 1
     * @param column the column in that line, from 1
     */
    public ChatTemplateException(Reason reason, String message, int line, int column) {
        super("chat template, line " + line + ", column " + column + ": " + message);
        this.reason = reason;
        this.problem = message;
        this.line = line;
        this.column = column;
    }

    /** {@return what kind of fault it is} */
    public Reason reason() {
        return reason;
    }

    /** {@return what was wrong, without the place; for {@link Reason#RAISED} the template's own words} */
    public String problem() {
        return problem;
    }

    /** {@return the line of the template, from 1} */
    public int line() {
        return line;
    }

    /** {@return the column in that line, from 1} */
    public int column() {
        return column;
    }
}
