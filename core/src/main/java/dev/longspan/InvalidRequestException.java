package dev.longspan;

import dev.longspan.spi.LongspanException;
import java.io.Serial;

/** A request that cannot be run as it is; nothing was changed. */
public class InvalidRequestException extends LongspanException {
    @Serial
    private static final long serialVersionUID = 1;

    private final String field;

    /**
     * Makes an exception about one field of a request.
     *
     * @param field the field at fault, a path such as {@code messages[2].content}
     * @param problem what was expected and what was found
     */
    public InvalidRequestException(String field, String problem) {
        super(field + ": " + problem);
        this.field = field;
    }

    /** {@return the field at fault, a path such as {@code messages[2].content}} */
    public String field() {
        return field;
    }
}
