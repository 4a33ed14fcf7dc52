package dev.longspan.snapshot;

import dev.longspan.SnapshotCorruptException;
import dev.longspan.SnapshotInfo;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/**
 * A snapshot as a tar stream: {@code ID/manifest.json}, the parts in the manifest's order, two empty blocks. When it is read,
 * nothing else is accepted, in this order and with the sizes of the manifest; no name in the stream becomes a path.
 */
final class SnapshotArchive {
    private static final int END_BLOCKS = 2;
    private static final int BUFFER = 1 << 18;
    private static final String UNKNOWN = "being imported";

    private final InputStream source;
    private String id = UNKNOWN;

    private SnapshotArchive(InputStream source) {
        this.source = source;
    }

    /** Writes a snapshot; fails before the end if a part is not what was saved. */
    static void write(OpenSnapshot snapshot, OutputStream target) throws IOException {
        SnapshotInfo info = snapshot.info();
        long seconds = info.created().getEpochSecond();
        byte[] manifest = snapshot.manifest();
        TarHeader first = new TarHeader(info.id() + "/" + Manifest.FILE, manifest.length);
        target.write(first.encode(seconds));
        target.write(manifest);
        target.write(new byte[first.padding()]);
        for (String name : info.files().keySet()) {
            TarHeader header = new TarHeader(info.id() + "/" + name, snapshot.size(name));
            target.write(header.encode(seconds));
            snapshot.verify(name, bytes -> target.write(bytes.array(), bytes.arrayOffset(), bytes.remaining()));
            target.write(new byte[header.padding()]);
        }
        target.write(new byte[END_BLOCKS * TarHeader.BLOCK]);
        target.flush();
    }

    static SnapshotArchive read(InputStream source) {
        return new SnapshotArchive(source);
    }

    /** Reads the manifest's bytes, which come first, and learns the id. */
    byte[] manifest() {
        TarHeader header = header();
        int slash = header.path().indexOf('/');
        String name = slash < 0 ? "" : header.path().substring(0, slash);
        if (!SnapshotInfo.isId(name) || !header.path().substring(slash + 1).equals(Manifest.FILE)) {
            throw corrupt("", "expected the first entry to be ID/" + Manifest.FILE + ", found " + shown(header.path()));
        }
        id = name;
        if (header.size() > Manifest.MAX_BYTES) {
            throw corrupt(Manifest.FILE, "expected at most " + Manifest.MAX_BYTES + " bytes, found " + header.size());
        }
        byte[] manifest = new byte[(int) header.size()];
        fill(Manifest.FILE, manifest, manifest.length);
        skipPadding(Manifest.FILE, header);
        return manifest;
    }

    String id() {
        return id;
    }

    /** Copies the part that must come next. */
    void part(String name, long size, WritableByteChannel target) throws IOException {
        TarHeader header = header();
        if (!header.path().equals(id + "/" + name)) {
            throw corrupt(name, "expected the entry " + id + "/" + name + " next, found " + shown(header.path()));
        }
        if (header.size() != size) {
            throw corrupt(name, "expected " + size + " bytes, as the manifest says, found " + header.size());
        }
        byte[] buffer = new byte[(int) Math.max(1, Math.min(BUFFER, size))];
        for (long done = 0; done < size; ) {
            int count = (int) Math.min(buffer.length, size - done);
            fill(name, buffer, count);
            target.write(ByteBuffer.wrap(buffer, 0, count));
            done += count;
        }
        skipPadding(name, header);
    }

    /** Reads the end of the stream. */
    void end() {
        for (int i = 0; i < END_BLOCKS; i++) {
            byte[] block = new byte[TarHeader.BLOCK];
            fill("", block, block.length);
            if (!TarHeader.isEnd(block)) {
                throw corrupt("", "expected the end of the stream behind the last part, found more");
            }
        }
    }

    private TarHeader header() {
        byte[] block = new byte[TarHeader.BLOCK];
        fill("", block, block.length);
        if (TarHeader.isEnd(block)) {
            throw corrupt("", "expected more entries, found the end of the stream");
        }
        try {
            return TarHeader.decode(block);
        } catch (IllegalArgumentException e) {
            throw new SnapshotCorruptException(id, "", String.valueOf(e.getMessage()), e);
        }
    }

    private void skipPadding(String file, TarHeader header) {
        byte[] padding = new byte[header.padding()];
        fill(file, padding, padding.length);
        if (!TarHeader.isEnd(padding)) {
            throw corrupt(file, "expected nothing but zeros up to the next entry, found something else");
        }
    }

    private void fill(String file, byte[] target, int length) {
        try {
            int count = source.readNBytes(target, 0, length);
            if (count < length) {
                throw corrupt(file, "expected " + (length - count) + " more bytes, found the end of the stream");
            }
        } catch (IOException e) {
            throw StorageFaults.of("the stream of snapshot " + id, "cannot be read", e);
        }
    }

    private SnapshotCorruptException corrupt(String file, String problem) {
        return new SnapshotCorruptException(id, file, problem);
    }

    private static String shown(String path) {
        return "\"" + (path.length() <= 80 ? path : path.substring(0, 80) + "…") + "\"";
    }
}
