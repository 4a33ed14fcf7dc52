package dev.longspan;

import java.time.Duration;

/**
 * How long an answer took.
 *
 * @param queue from the request until its first work
 * @param prefill from then until the prompt was read
 * @param decode from then until the last token
 * @param commit from then until a session's state held the answer; 0 without a session
 * @param total from the request until the end
 * @param timeToFirstToken from the request until the first token; equal to {@code total} if there was none
 * @param tokensPerSecond tokens of the answer behind the first, by the time since the first; 0 with fewer than two
 */
public record Timing(
        Duration queue,
        Duration prefill,
        Duration decode,
        Duration commit,
        Duration total,
        Duration timeToFirstToken,
        double tokensPerSecond) {}
