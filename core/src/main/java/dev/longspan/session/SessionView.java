package dev.longspan.session;

import dev.longspan.SessionInfo;
import java.time.Instant;

/** A session at one moment. */
public final class SessionView {
    private final String id;
    private final Instant used;
    private final boolean busy;
    private final HeldSizes state;

    SessionView(String id, Instant used, boolean busy, HeldSizes state) {
        this.id = id;
        this.used = used;
        this.busy = busy;
        this.state = state;
    }

    /** {@return what it says; to be called once} */
    public SessionInfo info() {
        try (HeldSizes sizes = state) {
            Committed committed = sizes.committed();
            return new SessionInfo(
                    id,
                    sizes.held().created().toInstant(),
                    used,
                    committed.sequence(),
                    committed.messages().size(),
                    committed.ids().length,
                    sizes.held().maxTokens(),
                    sizes.checkpoints(),
                    sizes.bytes(),
                    sizes.exclusiveBytes(),
                    busy,
                    sizes.parked(),
                    committed.lastTurn());
        }
    }
}
