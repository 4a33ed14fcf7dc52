package dev.longspan;

/**
 * One file of a snapshot, as the manifest describes it.
 *
 * @param size its bytes
 * @param sha256 the SHA-256 of its content, 64 lower-case hexadecimal digits
 */
public record SnapshotFile(long size, String sha256) {}
