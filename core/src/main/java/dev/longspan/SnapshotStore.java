package dev.longspan;

import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;

/**
 * Keeps snapshots: immutable copies of sessions, each whole or not there at all. Only the label of a snapshot can change.
 *
 * <p>Ids are {@code [A-Za-z0-9][A-Za-z0-9_-]{0,127}}; another one is an {@link InvalidRequestException}. All methods may be
 * called from any thread and, on one store, from several processes at once. Each throws {@link SnapshotStoreException} if
 * the storage itself fails; what was in the store before is then unchanged.
 */
public interface SnapshotStore {
    /**
     * Saves a snapshot. When this returns, all of it is on disk and in its place.
     *
     * @param draft what to save; its parts are written one after the other, in the calling thread
     * @return the saved snapshot
     * @throws SnapshotExistsException if there is one of this id, broken ones included
     */
    SnapshotInfo save(SnapshotDraft draft);

    /**
     * {@return all snapshots, the newest first; broken ones are among them and say what is wrong}
     *
     * <p>Looks at manifests, names and sizes; only {@link #read} finds out whether the content is what was saved.
     */
    List<SnapshotInfo> list();

    /**
     * {@return one snapshot as {@link #list} shows it, a broken one with its problem}
     *
     * @param id the snapshot's id
     * @throws SnapshotNotFoundException if there is none of this id
     */
    SnapshotInfo info(String id);

    /**
     * Opens a snapshot. What was opened stays readable even if the snapshot is deleted meanwhile.
     *
     * @param id the snapshot's id
     * @return its parts, to be closed
     * @throws SnapshotNotFoundException if there is none of this id
     * @throws SnapshotCorruptException if the manifest has a fault, or a file is missing or has another size
     */
    SnapshotReader read(String id);

    /**
     * Changes title, description or tags.
     *
     * @param id the snapshot's id
     * @param patch what to change
     * @return the snapshot with its new label
     * @throws SnapshotNotFoundException if there is none of this id
     * @throws SnapshotCorruptException if the manifest has a fault
     */
    SnapshotInfo update(String id, SnapshotPatch patch);

    /**
     * Deletes a snapshot, a broken one, too.
     *
     * @param id the snapshot's id
     * @throws SnapshotNotFoundException if there is none of this id
     */
    void delete(String id);

    /**
     * Writes a snapshot as one tar stream, its files hashed on the way. A stream whose writing threw is not whole, and
     * {@link #importFrom} refuses it.
     *
     * @param id the snapshot's id
     * @param target takes the stream; not closed
     * @throws SnapshotNotFoundException if there is none of this id
     * @throws SnapshotCorruptException if a file is not what was saved
     */
    void exportTo(String id, OutputStream target);

    /**
     * Saves the snapshot of a tar stream that {@link #exportTo} wrote, under the id it had. Everything is checked on the way
     * in, and nothing is kept unless all of it is right.
     *
     * @param source the stream, read to the archive's end; not closed
     * @return the saved snapshot
     * @throws SnapshotExistsException if there is one of this id
     * @throws SnapshotCorruptException if the stream is anything else than one whole snapshot
     */
    SnapshotInfo importFrom(InputStream source);
}
