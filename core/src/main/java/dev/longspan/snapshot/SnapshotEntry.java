package dev.longspan.snapshot;

import dev.longspan.SnapshotCorruptException;
import dev.longspan.SnapshotFile;
import dev.longspan.SnapshotInfo;
import dev.longspan.SnapshotLabel;
import dev.longspan.SnapshotNotFoundException;
import dev.longspan.SnapshotStoreException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/** The folder of one snapshot in a store, as it is found there. Whatever fails names the file. */
final class SnapshotEntry {
    private final Disk disk;
    private final Path folder;
    private final String id;

    SnapshotEntry(Disk disk, Path folder, String id) {
        this.disk = disk;
        this.folder = folder;
        this.id = id;
    }

    String id() {
        return id;
    }

    Path file(String name) {
        return folder.resolve(name);
    }

    /** Whether anything lies there, whatever it is. */
    boolean exists() {
        return look(folder).isPresent();
    }

    void requireFound() {
        if (!exists()) {
            throw new SnapshotNotFoundException(id);
        }
    }

    /** The snapshot, with its problem if it has one. */
    SnapshotInfo describe() {
        while (true) {
            SnapshotInfo info = null;
            try {
                info = manifest();
                requireFiles(info);
                return info;
            } catch (SnapshotStoreException e) {
                return broken(info == null ? unreadable() : info, String.valueOf(e.getMessage()));
            } catch (SnapshotCorruptException e) {
                // what was deleted or replaced meanwhile is not broken
                if (info == null || isStill(info)) {
                    return broken(info == null ? unreadable() : info, String.valueOf(e.getMessage()));
                }
            }
        }
    }

    private boolean isStill(SnapshotInfo info) {
        try {
            return manifest().equals(info);
        } catch (SnapshotCorruptException e) {
            return false;
        }
    }

    /** What is known of an entry whose manifest cannot be read. */
    private SnapshotInfo unreadable() {
        Instant changed = look(folder)
                .map(found -> found.lastModifiedTime().toInstant())
                .orElseThrow(() -> new SnapshotNotFoundException(id));
        return new SnapshotInfo(id, changed, SnapshotLabel.NONE, "", Map.of(), 0, 0, 0, Map.of(), Optional.empty());
    }

    private static SnapshotInfo broken(SnapshotInfo info, String problem) {
        return with(info, info.label(), Optional.of(problem));
    }

    /** The same with another label and problem. */
    static SnapshotInfo with(SnapshotInfo info, SnapshotLabel label, Optional<String> problem) {
        return new SnapshotInfo(
                info.id(),
                info.created(),
                label,
                info.model(),
                info.fingerprint(),
                info.tokens(),
                info.maxTokens(),
                info.bytes(),
                info.files(),
                problem);
    }

    SnapshotInfo manifest() {
        return Manifest.read(id, manifestBytes());
    }

    /** The bytes of the manifest, unchecked. */
    byte[] manifestBytes() {
        BasicFileAttributes found = look(folder).orElseThrow(() -> new SnapshotNotFoundException(id));
        if (!found.isDirectory()) {
            throw new SnapshotCorruptException(id, "", "expected a folder, found " + kind(found));
        }
        long size = requireRegular(Manifest.FILE);
        if (size > Manifest.MAX_BYTES) {
            throw new SnapshotCorruptException(
                    id, Manifest.FILE, "expected at most " + Manifest.MAX_BYTES + " bytes, found " + size);
        }
        Path path = file(Manifest.FILE);
        try (FileChannel channel = disk.open(path)) {
            // one more than allowed, in case the file has grown since
            ByteBuffer bytes = ByteBuffer.allocate((int) size + 1);
            while (bytes.hasRemaining() && disk.read(path, channel, bytes.position(), bytes) >= 0) {}
            return Arrays.copyOf(bytes.array(), bytes.position());
        } catch (IOException e) {
            throw StorageFaults.of(path, "cannot be read", e);
        }
    }

    /** Checks that every file is there with the size that the manifest states. */
    void requireFiles(SnapshotInfo info) {
        info.files().forEach((name, expected) -> requireSize(name, expected, requireRegular(name)));
    }

    void requireSize(String name, SnapshotFile expected, long found) {
        if (found != expected.size()) {
            throw new SnapshotCorruptException(
                    id, name, "expected " + expected.size() + " bytes, as the manifest says, found " + found);
        }
    }

    private long requireRegular(String name) {
        BasicFileAttributes found = look(file(name))
                .orElseThrow(() -> new SnapshotCorruptException(id, name, "expected this file, found none"));
        if (!found.isRegularFile()) {
            throw new SnapshotCorruptException(id, name, "expected a regular file, found " + kind(found));
        }
        return found.size();
    }

    private Optional<BasicFileAttributes> look(Path path) {
        try {
            return Optional.ofNullable(disk.attributes(path));
        } catch (IOException e) {
            throw StorageFaults.of(path, "cannot be looked at", e);
        }
    }

    private static String kind(BasicFileAttributes found) {
        if (found.isSymbolicLink()) {
            return "a symbolic link";
        }
        return found.isDirectory() ? "a folder" : found.isRegularFile() ? "a file" : "something else";
    }
}
