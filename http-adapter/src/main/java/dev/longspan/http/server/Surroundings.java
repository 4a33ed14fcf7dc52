package dev.longspan.http.server;

import dev.longspan.http.wire.StrictJson;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;

/**
 * What all requests have in common.
 *
 * @param settings how the server is run
 * @param slot the engine
 * @param work what is computed at this moment
 * @param heart sends signs of life
 * @param timer runs what must not wait long
 * @param unread sends answers that are no streams
 * @param metrics counts
 * @param json reads bodies
 */
public record Surroundings(
        Settings settings,
        ModelSlot slot,
        Work work,
        Heart heart,
        ScheduledExecutorService timer,
        UnreadAnswers unread,
        ServerMetrics metrics,
        StrictJson json) {
    /** {@return runs what ends an answer, so that threads which read and write for all clients never wait for the engine} */
    Executor helper() {
        return timer;
    }
}
