package dev.longspan.snapshot;

import dev.longspan.InvalidRequestException;
import dev.longspan.PartWriter;
import dev.longspan.SnapshotDraft;
import dev.longspan.SnapshotExistsException;
import dev.longspan.SnapshotFile;
import dev.longspan.SnapshotInfo;
import dev.longspan.SnapshotNotFoundException;
import dev.longspan.SnapshotPatch;
import dev.longspan.SnapshotReader;
import dev.longspan.SnapshotStore;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The store in a folder: a folder for each snapshot, named by its id, and temporary ones whose names are no ids. */
public final class SnapshotFolder implements SnapshotStore {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotFolder.class);

    private final Path folder;
    private final Disk disk;
    private final StoreLock lock;

    private SnapshotFolder(Path folder, Disk disk) {
        this.folder = folder.toAbsolutePath();
        this.disk = disk;
        this.lock = new StoreLock(disk, this.folder);
    }

    /**
     * Opens a store and removes what writers that ended early have left there.
     *
     * @param folder the store's folder; made by the first save if it does not exist
     * @param disk the operations on files
     * @return the store
     */
    public static SnapshotFolder open(Path folder, Disk disk) {
        SnapshotFolder store = new SnapshotFolder(folder, disk);
        try {
            store.clean();
        } catch (IOException e) {
            LOG.warn("leftovers in {} cannot be removed: {}", store.folder, e.toString());
        }
        return store;
    }

    /**
     * Opens a store that can be written to as {@link #open} does, and makes its folder if it does not exist.
     *
     * @param folder the store's folder
     * @param disk the operations on files
     * @return the store
     * @throws dev.longspan.SnapshotStoreException if the folder can be neither found nor made, or cannot be read or written
     */
    public static SnapshotFolder make(Path folder, Disk disk) {
        Path whole = folder.toAbsolutePath();
        try {
            disk.createFolders(whole);
            disk.list(whole);
            SnapshotFolder store = open(whole, disk);
            store.requireWritable();
            return store;
        } catch (IOException e) {
            throw StorageFaults.of(whole, "cannot be used for snapshots", e);
        }
    }

    /** What saving does first; rights alone do not tell, where a whole file system may only be read. */
    private void requireWritable() throws IOException {
        lock.hold(() -> folder);
    }

    /** {@return the store's folder} */
    public Path path() {
        return folder;
    }

    private void clean() throws IOException {
        List<Path> candidates = new ArrayList<>();
        for (Path each : entries()) {
            if (each.getFileName().toString().startsWith(TemporaryFolder.PREFIX)) {
                candidates.add(each);
            }
        }
        if (candidates.isEmpty()) {
            return;
        }
        List<TemporaryFolder> leftovers = new ArrayList<>();
        try {
            lock.hold(() -> {
                for (Path each : candidates) {
                    adopt(each).ifPresent(leftovers::add);
                }
                return leftovers;
            });
        } finally {
            leftovers.forEach(TemporaryFolder::close);
        }
    }

    private Optional<TemporaryFolder> adopt(Path candidate) throws IOException {
        var found = disk.attributes(candidate);
        if (found == null || !found.isDirectory()) {
            return Optional.empty();
        }
        try {
            return Optional.ofNullable(TemporaryFolder.adopt(disk, candidate));
        } catch (NoSuchFileException e) {
            LOG.debug("{} was removed by its writer", candidate);
            return Optional.empty();
        }
    }

    private List<Path> entries() throws IOException {
        return disk.attributes(folder) == null ? List.of() : disk.list(folder);
    }

    private SnapshotEntry entry(String id) {
        // the id is checked before it becomes part of a path
        if (!SnapshotInfo.isId(id)) {
            throw new InvalidRequestException("id", "expected a snapshot's id, found \"" + id + "\"");
        }
        return new SnapshotEntry(disk, folder.resolve(id), id);
    }

    @Override
    public SnapshotInfo save(SnapshotDraft draft) {
        requireFree(draft.id());
        try (TemporaryFolder temporary = temporary()) {
            disk.createFolder(temporary.content());
            Map<String, SnapshotFile> files = new LinkedHashMap<>();
            for (Map.Entry<String, PartWriter> part : draft.parts().entrySet()) {
                files.put(part.getKey(), write(temporary.content().resolve(part.getKey()), part.getValue()));
            }
            SnapshotInfo info = new SnapshotInfo(
                    draft.id(),
                    draft.created(),
                    draft.label(),
                    draft.model(),
                    draft.fingerprint(),
                    draft.tokens(),
                    draft.maxTokens(),
                    0,
                    files,
                    Optional.empty());
            byte[] manifest = Manifest.write(info);
            write(temporary.content().resolve(Manifest.FILE), target -> target.write(ByteBuffer.wrap(manifest)));
            publish(temporary, draft.id());
            return Manifest.read(draft.id(), manifest);
        } catch (IOException e) {
            throw StorageFaults.of(folder.resolve(draft.id()), "cannot be saved", e);
        }
    }

    private void requireFree(String id) {
        if (entry(id).exists()) {
            throw new SnapshotExistsException(id);
        }
    }

    private TemporaryFolder temporary() throws IOException {
        disk.createFolders(folder);
        return lock.hold(() -> TemporaryFolder.create(disk, folder));
    }

    private SnapshotFile write(Path file, PartWriter part) throws IOException {
        try (HashedFile target = HashedFile.create(disk, file)) {
            part.writeTo(target);
            return target.finish();
        }
    }

    /** Puts a finished folder in its place. */
    private void publish(TemporaryFolder temporary, String id) throws IOException {
        disk.forceFolder(temporary.content());
        lock.hold(() -> {
            requireFree(id);
            return move(temporary.content(), folder.resolve(id));
        });
    }

    /** Moves an entry into the store or out of it, or leaves it where it was. */
    private Path move(Path from, Path to) throws IOException {
        disk.move(from, to);
        boolean forced = false;
        try {
            disk.forceFolder(folder);
            forced = true;
            return to;
        } finally {
            if (!forced) {
                disk.move(to, from);
            }
        }
    }

    @Override
    public List<SnapshotInfo> list() {
        List<SnapshotInfo> found = new ArrayList<>();
        try {
            for (Path each : entries()) {
                String id = each.getFileName().toString();
                if (SnapshotInfo.isId(id)) {
                    describe(id).ifPresent(found::add);
                }
            }
        } catch (IOException e) {
            throw StorageFaults.of(folder, "cannot be listed", e);
        }
        found.sort(Comparator.comparing(SnapshotInfo::created).reversed().thenComparing(SnapshotInfo::id));
        return List.copyOf(found);
    }

    private Optional<SnapshotInfo> describe(String id) {
        try {
            return Optional.of(entry(id).describe());
        } catch (SnapshotNotFoundException e) {
            LOG.debug("{} was deleted while snapshots were listed", id);
            return Optional.empty();
        }
    }

    @Override
    public SnapshotInfo info(String id) {
        return entry(id).describe();
    }

    @Override
    public SnapshotReader read(String id) {
        return opened(id);
    }

    /** Opens a snapshot whose files are all of one moment, even if another one takes its place meanwhile. */
    private OpenSnapshot opened(String id) {
        SnapshotEntry entry = entry(id);
        while (true) {
            OpenSnapshot open = null;
            RuntimeException fault = null;
            byte[] before = entry.manifestBytes();
            try {
                open = OpenSnapshot.open(disk, entry, id, before);
            } catch (RuntimeException e) {
                fault = e;
            }
            boolean settled = false;
            try {
                settled = Arrays.equals(before, entry.manifestBytes());
            } finally {
                if (!settled && open != null) {
                    open.close();
                }
            }
            if (settled && fault != null) {
                throw fault;
            }
            if (settled && open != null) {
                return open;
            }
        }
    }

    @Override
    public SnapshotInfo update(String id, SnapshotPatch patch) {
        SnapshotEntry entry = entry(id);
        entry.manifest();
        try (TemporaryFolder temporary = temporary()) {
            return lock.hold(() -> relabel(entry, patch, temporary));
        } catch (IOException e) {
            throw StorageFaults.of(entry.file(Manifest.FILE), "cannot be changed", e);
        }
    }

    private SnapshotInfo relabel(SnapshotEntry entry, SnapshotPatch patch, TemporaryFolder temporary)
            throws IOException {
        byte[] before = entry.manifestBytes();
        SnapshotInfo old = Manifest.read(entry.id(), before);
        byte[] after = Manifest.write(SnapshotEntry.with(old, patch.applyTo(old.label()), Optional.empty()));
        replaceManifest(entry, after, temporary);
        boolean forced = false;
        try {
            disk.forceFolder(folder.resolve(old.id()));
            forced = true;
        } finally {
            if (!forced) {
                replaceManifest(entry, before, temporary);
            }
        }
        return Manifest.read(old.id(), after);
    }

    private void replaceManifest(SnapshotEntry entry, byte[] manifest, TemporaryFolder temporary) throws IOException {
        write(temporary.content(), target -> target.write(ByteBuffer.wrap(manifest)));
        disk.move(temporary.content(), entry.file(Manifest.FILE));
    }

    @Override
    public void delete(String id) {
        SnapshotEntry entry = entry(id);
        entry.requireFound();
        try (TemporaryFolder temporary = temporary()) {
            lock.hold(() -> {
                entry.requireFound();
                return move(folder.resolve(id), temporary.content());
            });
        } catch (IOException e) {
            throw StorageFaults.of(folder.resolve(id), "cannot be deleted", e);
        }
    }

    @Override
    public void exportTo(String id, OutputStream target) {
        try (OpenSnapshot open = opened(id)) {
            SnapshotArchive.write(open, target);
        } catch (IOException e) {
            throw StorageFaults.of("the stream of snapshot " + id, "cannot be written", e);
        }
    }

    @Override
    public SnapshotInfo importFrom(InputStream source) {
        SnapshotArchive archive = SnapshotArchive.read(source);
        byte[] manifest = archive.manifest();
        SnapshotInfo info = Manifest.read(archive.id(), manifest);
        requireFree(info.id());
        try (TemporaryFolder temporary = temporary()) {
            disk.createFolder(temporary.content());
            for (Map.Entry<String, SnapshotFile> part : info.files().entrySet()) {
                String name = part.getKey();
                SnapshotFile expected = part.getValue();
                SnapshotFile found =
                        write(temporary.content().resolve(name), target -> archive.part(name, expected.size(), target));
                OpenSnapshot.requireHash(info.id(), name, expected.sha256(), found.sha256());
            }
            archive.end();
            write(temporary.content().resolve(Manifest.FILE), target -> target.write(ByteBuffer.wrap(manifest)));
            publish(temporary, info.id());
            return info;
        } catch (IOException e) {
            throw StorageFaults.of(folder.resolve(info.id()), "cannot be saved", e);
        }
    }
}
