package dev.longspan.cli;

import dev.longspan.ChatEngineBuilder;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say how much an engine that serves takes on, and what it keeps in memory. */
final class CapacityOptions {
    @Option(
            names = "--max-running",
            paramLabel = "N",
            defaultValue = "64",
            description =
                    "How many answers are computed side by side; never more than the backend can (${DEFAULT-VALUE}).")
    private int maxRunning;

    @Option(
            names = "--max-queued",
            paramLabel = "N",
            defaultValue = "256",
            description = "How many requests may wait for their turn (${DEFAULT-VALUE}).")
    private int maxQueued;

    @Option(
            names = "--max-queued-tokens",
            paramLabel = "N",
            defaultValue = "2097152",
            description = "How many tokens their prompts may have in all (${DEFAULT-VALUE}).")
    private long maxQueuedTokens;

    @Option(
            names = "--max-state",
            paramLabel = "BYTES",
            description =
                    "The memory that the states of all answers and sessions may take. Without it what the backend has.")
    private @Nullable Long maxState;

    @Option(
            names = "--prefix-cache",
            paramLabel = "BYTES",
            description =
                    "The memory for what prompts begin with, kept for those that begin alike; 0 for none. Without it"
                            + " 268435456, or an eighth of the memory if that is less.")
    private @Nullable Long prefixCache;

    @Option(
            names = "--park-idle-sessions",
            paramLabel = "DIR",
            description = "Writes idle sessions to this folder, which no other server may use, when memory is short."
                    + " Without it they stay in memory.")
    private @Nullable Path parkIdleSessions;

    @Option(
            names = "--reader-patience",
            paramLabel = "SECONDS",
            defaultValue = "300",
            description = "How long an answer waits for a reader who is far behind (${DEFAULT-VALUE}).")
    private int readerPatience;

    @Option(
            names = "--full-fingerprint",
            arity = "0..1",
            fallbackValue = "true",
            defaultValue = "false",
            description =
                    "Tells models of more than 1 GiB apart by all of their bytes, for snapshots, and not by samples.")
    private boolean fullFingerprint;

    /**
     * Sets what is said here.
     *
     * @throws dev.longspan.InvalidRequestException if a number is out of its range
     * @throws StartException if a time is
     */
    void applyTo(ChatEngineBuilder builder) {
        builder.maxRunning(maxRunning)
                .maxQueued(maxQueued)
                .maxQueuedTokens(maxQueuedTokens)
                .readerPatience(Seconds.atLeast(1, "--reader-patience", readerPatience))
                .fullFingerprint(fullFingerprint);
        if (maxState != null) {
            builder.maxStateBytes(maxState);
        }
        if (prefixCache != null) {
            builder.prefixCacheBytes(prefixCache);
        }
        if (parkIdleSessions != null) {
            builder.parkIdleSessions(parkIdleSessions);
        }
    }
}
