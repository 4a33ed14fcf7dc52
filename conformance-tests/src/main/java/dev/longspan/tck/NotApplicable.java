package dev.longspan.tck;

import java.io.Serial;

/** A rule finds nothing that it could check of this backend. */
final class NotApplicable extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1;

    NotApplicable(String reason) {
        super(reason);
    }
}
