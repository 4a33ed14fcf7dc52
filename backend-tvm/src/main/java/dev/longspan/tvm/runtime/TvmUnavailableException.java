package dev.longspan.tvm.runtime;

import dev.longspan.spi.LongspanException;
import java.io.Serial;
import org.jspecify.annotations.Nullable;

/** TVM's runtime, or what it needs, cannot be had on this machine. */
public final class TvmUnavailableException extends LongspanException {
    @Serial
    private static final long serialVersionUID = 1;

    private final String problem;
    private final String detail;
    private final String remedy;

    TvmUnavailableException(String problem, String detail, String remedy, @Nullable Throwable cause) {
        super(problem + (detail.isEmpty() ? "" : " (" + detail + ")") + ": " + remedy, cause);
        this.problem = problem;
        this.detail = detail;
        this.remedy = remedy;
    }

    /** {@return what is missing, in a few words} */
    public String problem() {
        return problem;
    }

    /** {@return more about it; may be empty} */
    public String detail() {
        return detail;
    }

    /** {@return what can be done about it} */
    public String remedy() {
        return remedy;
    }
}
