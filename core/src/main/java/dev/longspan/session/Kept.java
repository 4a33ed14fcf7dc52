package dev.longspan.session;

import dev.longspan.engine.SharedCheckpoint;

/**
 * A checkpoint that a session keeps.
 *
 * @param checkpoint the checkpoint, held by the session
 * @param turnEnd whether a turn ended there
 */
record Kept(SharedCheckpoint checkpoint, boolean turnEnd) {
    int position() {
        return checkpoint.length();
    }
}
