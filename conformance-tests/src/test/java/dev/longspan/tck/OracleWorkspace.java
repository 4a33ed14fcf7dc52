package dev.longspan.tck;

import dev.longspan.spi.Batch;
import java.util.concurrent.atomic.AtomicBoolean;

/** Memory that a model works in, as other backends have it: the oracle needs none. */
final class OracleWorkspace {
    static final int PLANNED = 3 << 20;
    private static final int PER_TOKEN = 2000;
    /** Longer than most of the kit's sequences. */
    private static final int LONG = 700;

    private final OracleBackend backend;
    private long bytes;

    OracleWorkspace(OracleBackend backend) {
        this.backend = backend;
    }

    /** What is planned for it. */
    static long planned(Flaw flaw) {
        return switch (flaw) {
            case WORKSPACE_IS_LATE, WORKSPACE_GROWS, WORKSPACE_STAYS -> PLANNED;
            default -> 0;
        };
    }

    /** Takes what a batch needs, if there is not as much. */
    void grow(Batch batch) {
        Flaw flaw = backend.flaw();
        int runs = batch.runs().size();
        if (flaw == Flaw.WORKSPACE_STAYS) {
            AtomicBoolean made = backend.workspaceIsMade();
            if (made.compareAndSet(false, true)) {
                backend.ledger().take("the workspace", PLANNED / 3);
            }
            return;
        }
        long needed = switch (flaw) {
            case RUNS_NEED_MORE -> runs > 1 ? PLANNED : 0;
            case TOKENS_NEED_MORE -> batch.tokens() > 64 ? PLANNED : 0;
            case WORKSPACE_IS_LATE -> batch.tokens() == runs ? PLANNED / 3 : 0;
            case CONTEXT_NEEDS_MORE -> Math.max(0, longest(batch) - LONG) * PER_TOKEN;
            case WORKSPACE_GROWS -> (long) PER_TOKEN * batch.tokens();
            default -> 0;
        };
        if (needed > bytes) {
            backend.ledger().take("the workspace", needed - bytes);
            bytes = needed;
        }
    }

    private static long longest(Batch batch) {
        return batch.runs().stream()
                .mapToLong(run -> run.state() instanceof OracleState state ? state.held() : 0)
                .max()
                .orElse(0);
    }

    void free() {
        backend.ledger().free(bytes);
        bytes = 0;
    }
}
