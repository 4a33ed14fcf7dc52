package dev.longspan;

import dev.longspan.spi.LongspanException;
import java.io.Serial;

/** The engine was closed before or while the request ran. */
public final class EngineClosedException extends LongspanException {
    @Serial
    private static final long serialVersionUID = 1;

    /** Makes an exception. */
    public EngineClosedException() {
        super("the engine is closed");
    }
}
