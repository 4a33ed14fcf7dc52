package dev.longspan;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Small snapshots for tests of stores. */
public final class SnapshotSamples {
    /** When they were made. */
    public static final Instant CREATED = Instant.parse("2026-03-01T12:00:00.123Z");

    private SnapshotSamples() {}

    /** {@return a draft whose content is made of a seed} */
    public static SnapshotDraft draft(String id, long seed) {
        return draft(id, CREATED.plusMillis(seed), content(seed));
    }

    /** {@return a draft of given content} */
    public static SnapshotDraft draft(String id, Instant created, Map<String, byte[]> content) {
        Map<String, PartWriter> parts = new LinkedHashMap<>();
        content.forEach((name, bytes) -> parts.put(name, target -> {
            // in two pieces, as real parts come in many
            ByteBuffer rest = ByteBuffer.wrap(bytes);
            rest.limit(bytes.length / 2);
            target.write(rest);
            rest.limit(bytes.length);
            target.write(rest);
        }));
        return draft(id, created, SnapshotLabel.NONE, parts);
    }

    /** {@return a draft of given parts} */
    public static SnapshotDraft draft(String id, Instant created, SnapshotLabel label, Map<String, PartWriter> parts) {
        return new SnapshotDraft(
                id, created, label, "a model", Map.of("architecture", "a", "layout", "1"), 100, 4096, parts);
    }

    /** {@return the content of the parts, by name} */
    public static Map<String, byte[]> content(long seed) {
        Random random = new Random(seed);
        byte[] tokens = new byte[400];
        byte[] state = new byte[20_000 + (int) (seed % 1000)];
        random.nextBytes(tokens);
        random.nextBytes(state);
        Map<String, byte[]> content = new LinkedHashMap<>();
        content.put("transcript.json", ("{\"seed\":" + seed + "}").getBytes(StandardCharsets.UTF_8));
        content.put("tokens.bin", tokens);
        content.put("state.safetensors", state);
        return content;
    }

    /** {@return the verified content of a saved snapshot, by name} */
    public static Map<String, byte[]> read(SnapshotStore store, String id) {
        Map<String, byte[]> content = new LinkedHashMap<>();
        try (SnapshotReader reader = store.read(id)) {
            for (String part : reader.info().files().keySet()) {
                content.put(part, bytes(reader.open(part)));
            }
        }
        return content;
    }

    /** {@return the rest of a channel} */
    public static byte[] bytes(SeekableByteChannel channel) {
        try {
            return Channels.newInputStream(channel).readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** {@return a snapshot as a tar stream} */
    public static byte[] export(SnapshotStore store, String id) {
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        store.exportTo(id, stream);
        return stream.toByteArray();
    }

    /** {@return the ids of a list} */
    public static List<String> ids(List<SnapshotInfo> list) {
        return list.stream().map(SnapshotInfo::id).toList();
    }
}
