package dev.longspan.session;

import dev.longspan.engine.SharedCheckpoint;
import dev.longspan.snapshot.StateLayout;
import dev.longspan.spi.TensorInfo;

/**
 * The state of a session at one moment, held so that its size can be told without a lock.
 *
 * @param held the session, held until this is closed
 * @param parked whether its checkpoints lie on disk
 * @param sharedTokens how many of its tokens lie in pages that other sessions have too
 */
record HeldSizes(SessionState.Held held, boolean parked, int sharedTokens) implements AutoCloseable {
    /** {@return what was committed} */
    Committed committed() {
        return held.committed();
    }

    /** {@return the bytes of all checkpoints; those of pages once} */
    long bytes() {
        long bytes = 0;
        for (Kept each : committed().kept()) {
            bytes += own(each.checkpoint());
        }
        return bytes;
    }

    /** {@return the bytes that nothing else keeps} */
    long exclusiveBytes() {
        long bytes = 0;
        for (Kept each : committed().kept()) {
            SharedCheckpoint checkpoint = each.checkpoint();
            if (checkpoint.keepers() <= 1) {
                bytes += isHead(checkpoint) ? own(checkpoint) - shared(checkpoint) : own(checkpoint);
            }
        }
        return bytes;
    }

    private boolean isHead(SharedCheckpoint checkpoint) {
        return checkpoint == committed().head();
    }

    private long own(SharedCheckpoint checkpoint) {
        return isHead(checkpoint)
                ? checkpoint.checkpoint().bytes()
                : checkpoint.checkpoint().exclusiveBytes();
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

    /** {@return how many checkpoints there are} */
    int checkpoints() {
        return committed().kept().size();
    }

    /** Lets go of them. */
    @Override
    public void close() {
        held.close();
    }
}
