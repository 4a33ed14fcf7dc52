package dev.longspan;

import dev.longspan.snapshot.Disk;
import dev.longspan.snapshot.SnapshotFolder;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * The store in a folder of the file system: a folder for each snapshot, which appears whole or not at all, whatever happens
 * to the process or the machine. Several stores, in this and in other processes, may share one folder. Nothing outside the
 * folder is read, written or deleted, and symbolic links in it are never followed.
 */
public final class FileSnapshotStore implements SnapshotStore {
    private final SnapshotFolder folder;

    private FileSnapshotStore(SnapshotFolder folder) {
        this.folder = folder;
    }

    /**
     * Opens a store. What saving processes that ended early have left there is removed; what others are still writing is not.
     *
     * @param folder the store's folder; the first save makes it if it does not exist, for its owner only
     * @return the store, which needs no closing
     */
    public static FileSnapshotStore open(Path folder) {
        return new FileSnapshotStore(SnapshotFolder.open(folder, new Disk()));
    }

    /**
     * Opens a store as {@link #open} does, and makes its folder at once: who will save only later learns now that it cannot be.
     * A folder that may only be read is refused; {@link #open} takes it.
     *
     * @param folder the store's folder; made for its owner only if it does not exist
     * @return the store, which needs no closing
     * @throws SnapshotStoreException if the folder can be neither found nor made, or cannot be read or written
     */
    public static FileSnapshotStore make(Path folder) {
        return new FileSnapshotStore(SnapshotFolder.make(folder, new Disk()));
    }

    /**
     * {@return where snapshots are kept by default: {@code $XDG_DATA_HOME/longspan/snapshots} if that variable holds an
     * absolute path, else {@code ~/.local/share/longspan/snapshots}}
     */
    public static Path defaultFolder() {
        return defaultFolder(System.getenv(), System.getProperty("user.home", "."));
    }

    /** {@return whether this is the store's folder} */
    boolean isIn(Path other) {
        return isSame(folder.path(), other);
    }

    /** {@return whether both lead to the same folder, made or not} */
    static boolean isSame(Path one, Path other) {
        try {
            if (Files.exists(one) && Files.exists(other)) {
                return Files.isSameFile(one, other);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return one.toAbsolutePath().normalize().equals(other.toAbsolutePath().normalize());
    }

    static Path defaultFolder(Map<String, String> environment, String home) {
        String data = environment.getOrDefault("XDG_DATA_HOME", "");
        Path base = !data.isEmpty() && Path.of(data).isAbsolute() ? Path.of(data) : Path.of(home, ".local", "share");
        return base.resolve("longspan").resolve("snapshots");
    }

    @Override
    public SnapshotInfo save(SnapshotDraft draft) {
        return folder.save(draft);
    }

    @Override
    public List<SnapshotInfo> list() {
        return folder.list();
    }

    @Override
    public SnapshotInfo info(String id) {
        return folder.info(id);
    }

    @Override
    public SnapshotReader read(String id) {
        return folder.read(id);
    }

    @Override
    public SnapshotInfo update(String id, SnapshotPatch patch) {
        return folder.update(id, patch);
    }

    @Override
    public void delete(String id) {
        folder.delete(id);
    }

    @Override
    public void exportTo(String id, OutputStream target) {
        folder.exportTo(id, target);
    }

    @Override
    public SnapshotInfo importFrom(InputStream source) {
        return folder.importFrom(source);
    }
}
