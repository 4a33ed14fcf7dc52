package dev.longspan.session;

import dev.longspan.SessionInfo;
import dev.longspan.engine.SharedCheckpoint;
import dev.longspan.snapshot.StateLayout;
import dev.longspan.spi.TensorInfo;
import java.util.List;

/** A session at one moment, with its checkpoints held, so that their sizes can be told without a lock. */
public final class SessionView {
    private final LiveSession session;
    private final Committed committed;
    private final int maxTokens;
    private final boolean busy;
    private final boolean parked;
    private final List<SharedCheckpoint> held;
    private final int sharedTokens;

    SessionView(
            LiveSession session,
            Committed committed,
            int maxTokens,
            boolean busy,
            boolean parked,
            List<SharedCheckpoint> held,
            int sharedTokens) {
        this.session = session;
        this.committed = committed;
        this.maxTokens = maxTokens;
        this.busy = busy;
        this.parked = parked;
        this.held = held;
        this.sharedTokens = sharedTokens;
    }

    /** {@return what it says; to be called once} */
    public SessionInfo info() {
        try {
            long bytes = 0;
            long exclusive = 0;
            for (int i = 0; i < held.size(); i++) {
                SharedCheckpoint each = held.get(i);
                boolean head = i == held.size() - 1;
                long own = head ? each.checkpoint().bytes() : each.checkpoint().exclusiveBytes();
                bytes += own;
                if (each.holders() <= 2) { // the session, and this view
                    exclusive += head ? own - shared(each) : own;
                }
            }
            return new SessionInfo(
                    session.id(),
                    session.created().toInstant(),
                    committed.sequence(),
                    committed.messages().size(),
                    committed.ids().length,
                    maxTokens,
                    held.size(),
                    bytes,
                    exclusive,
                    busy,
                    parked,
                    committed.lastTurn());
        } finally {
            held.forEach(SharedCheckpoint::release);
        }
    }

    /** The bytes of the pages that a session has in common with others. */
    private long shared(SharedCheckpoint head) {
        if (sharedTokens == 0 || head.length() == 0) {
            return 0;
        }
        long recurrent = head.checkpoint().tensors().stream()
                .filter(tensor -> StateLayout.isRecurrent(tensor.name()))
                .mapToLong(TensorInfo::bytes)
                .sum();
        long pages = head.checkpoint().bytes() - recurrent;
        return pages * Math.min(sharedTokens, head.length()) / head.length();
    }
}
