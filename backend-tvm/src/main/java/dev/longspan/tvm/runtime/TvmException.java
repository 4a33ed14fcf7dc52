package dev.longspan.tvm.runtime;

import dev.longspan.spi.LongspanException;
import java.io.Serial;

/** A call of TVM's runtime failed. */
public final class TvmException extends LongspanException {
    @Serial
    private static final long serialVersionUID = 1;

    TvmException(String message) {
        super(message);
    }
}
