package dev.longspan;

import java.time.Instant;
import java.util.Optional;

/**
 * A session at one moment.
 *
 * @param id its id
 * @param created when it was opened
 * @param lastUsed when its last turn was committed, of any kind; when it was opened if there was none
 * @param sequence how many turns have been committed, of any kind; a turn can ask for this
 * @param messages how many messages it has
 * @param tokens how many tokens its state holds
 * @param maxTokens how many it may have
 * @param checkpoints how many checkpoints it keeps
 * @param bytes what its state and checkpoints refer to, shared pages included; 0 while it is parked
 * @param exclusiveBytes what closing it would free at this moment
 * @param busy whether a turn runs
 * @param parked whether its state lies on disk until it is used again
 * @param lastTurn the last committed turn; empty if there was none
 */
public record SessionInfo(
        String id,
        Instant created,
        Instant lastUsed,
        long sequence,
        int messages,
        int tokens,
        int maxTokens,
        int checkpoints,
        long bytes,
        long exclusiveBytes,
        boolean busy,
        boolean parked,
        Optional<TurnInfo> lastTurn) {}
