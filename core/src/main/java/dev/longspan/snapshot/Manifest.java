package dev.longspan.snapshot;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.InvalidRequestException;
import dev.longspan.SnapshotCorruptException;
import dev.longspan.SnapshotDraft;
import dev.longspan.SnapshotFile;
import dev.longspan.SnapshotInfo;
import dev.longspan.SnapshotLabel;
import dev.longspan.model.JsonKeys;
import dev.longspan.model.StrictJson;
import dev.longspan.spi.ModelLoadException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * {@code manifest.json}: one line of JSON whose last member is the hash of all bytes before that member, followed by
 * <code>}</code> and a newline.
 */
final class Manifest {
    static final String FILE = "manifest.json";

    /** The largest manifest that is read; what the label may hold fits in many times over. */
    static final int MAX_BYTES = 1 << 20;

    private static final int SCHEMA = 1;
    private static final String HASH_START = "\"sha256\":\"";
    private static final String HASH_END = "\"}\n";
    private static final int HASH_LENGTH = HASH_START.length() + Sha256.DIGITS + HASH_END.length();
    private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");
    private static final long MAX_MILLISECONDS = 253_402_300_799_999L;

    private Manifest() {}

    /** The bytes of a snapshot's manifest; {@code bytes} and {@code problem} are not part of it. */
    static byte[] write(SnapshotInfo info) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("schema_version", SCHEMA).put("id", info.id());
        root.put("created", info.created().toEpochMilli());
        root.put("title", info.label().title()).put("description", info.label().description());
        ArrayNode tags = root.putArray("tags");
        info.label().tags().forEach(tags::add);
        root.put("model", info.model());
        ObjectNode fingerprint = root.putObject("fingerprint");
        info.fingerprint().forEach(fingerprint::put);
        root.put("tokens", info.tokens()).put("max_tokens", info.maxTokens());
        ObjectNode files = root.putObject("files");
        info.files()
                .forEach((name, file) ->
                        files.putObject(name).put("size", file.size()).put("sha256", file.sha256()));
        String json = root.toString();
        String hashed = json.substring(0, json.length() - 1) + ",";
        byte[] start = hashed.getBytes(StandardCharsets.UTF_8);
        return (hashed + HASH_START + Sha256.of(start, start.length) + HASH_END).getBytes(StandardCharsets.UTF_8);
    }

    /**
     * Reads a manifest.
     *
     * @param id the id that it must have
     * @throws SnapshotCorruptException if it has any fault
     */
    static SnapshotInfo read(String id, byte[] bytes) {
        requireHash(id, bytes);
        try {
            return new Reading(id, bytes).info();
        } catch (ModelLoadException e) {
            String item = e.item().isEmpty() ? "" : e.item() + ": ";
            String problem = String.valueOf(e.getMessage());
            int start = problem.indexOf(item + "expected");
            throw new SnapshotCorruptException(id, FILE, start < 0 ? problem : problem.substring(start), e);
        } catch (InvalidRequestException e) {
            throw new SnapshotCorruptException(id, FILE, String.valueOf(e.getMessage()), e);
        }
    }

    private static void requireHash(String id, byte[] bytes) {
        int hashed = bytes.length - HASH_LENGTH;
        String end = hashed < 0 ? "" : new String(bytes, hashed, HASH_LENGTH, StandardCharsets.ISO_8859_1);
        if (!end.startsWith(HASH_START) || !end.endsWith(HASH_END)) {
            throw new SnapshotCorruptException(
                    id,
                    FILE,
                    "expected " + HASH_START + "…" + "\"}, a newline and the file's end, found something else");
        }
        String expected = end.substring(HASH_START.length(), HASH_START.length() + Sha256.DIGITS);
        String found = Sha256.of(bytes, hashed);
        if (!expected.equals(found)) {
            throw new SnapshotCorruptException(
                    id, FILE, "expected the SHA-256 that it states, " + expected + ", found " + found);
        }
    }

    /** One reading of a manifest whose hash is right; it may still have been written by anybody. */
    private static final class Reading {
        private final String id;
        private final JsonKeys keys;
        private final long size;

        Reading(String id, byte[] bytes) {
            this.id = id;
            this.size = bytes.length;
            this.keys = new JsonKeys(FILE, StrictJson.object(FILE, bytes, ""));
        }

        SnapshotInfo info() {
            keys.integer("schema_version", SCHEMA, SCHEMA);
            if (!keys.string("id").equals(id)) {
                throw keys.fault("id", "the id " + id);
            }
            Map<String, SnapshotFile> files = files();
            long bytes = size;
            for (SnapshotFile file : files.values()) {
                bytes = Math.addExact(bytes, file.size());
            }
            int tokens = keys.integer("tokens", 0, Integer.MAX_VALUE);
            SnapshotInfo info = new SnapshotInfo(
                    id,
                    Instant.ofEpochMilli(wholeNumber("created", keys.node("created"), MAX_MILLISECONDS)),
                    new SnapshotLabel(keys.optionalString("title"), keys.optionalString("description"), tags()),
                    keys.string("model"),
                    fingerprint(),
                    tokens,
                    keys.integer("max_tokens", tokens, Integer.MAX_VALUE),
                    bytes,
                    files,
                    Optional.empty());
            keys.string("sha256");
            if (!keys.unused().isEmpty()) {
                String extra = keys.unused().keySet().iterator().next();
                throw keys.fault(extra, "no such member");
            }
            return info;
        }

        private List<String> tags() {
            List<String> tags = new ArrayList<>();
            JsonNode node = keys.node("tags");
            if (node == null || !node.isArray()) {
                throw keys.fault("tags", "a list of strings");
            }
            for (JsonNode each : node) {
                if (!each.isTextual()) {
                    throw keys.fault("tags", "a list of strings");
                }
                tags.add(each.textValue());
            }
            return tags;
        }

        private Map<String, String> fingerprint() {
            Map<String, String> fingerprint = new LinkedHashMap<>();
            for (Map.Entry<String, JsonNode> entry : object("fingerprint").properties()) {
                if (!entry.getValue().isTextual()) {
                    throw keys.fault("fingerprint", "an object of strings");
                }
                fingerprint.put(entry.getKey(), entry.getValue().textValue());
            }
            return fingerprint;
        }

        private Map<String, SnapshotFile> files() {
            ObjectNode node = object("files");
            Map<String, SnapshotFile> files = new LinkedHashMap<>();
            for (Map.Entry<String, JsonNode> entry : node.properties()) {
                JsonNode hash = entry.getValue().get("sha256");
                if (entry.getValue().size() != 2
                        || hash == null
                        || !hash.isTextual()
                        || !HASH.matcher(hash.textValue()).matches()) {
                    throw keys.fault("files", "an object with size and sha256 for each file");
                }
                long bytes = wholeNumber("files", entry.getValue().get("size"), Long.MAX_VALUE >> 3);
                files.put(entry.getKey(), new SnapshotFile(bytes, hash.textValue()));
            }
            if (!List.copyOf(files.keySet()).equals(SnapshotDraft.PARTS)) {
                throw keys.fault("files", SnapshotDraft.PARTS + ", in this order");
            }
            return files;
        }

        private ObjectNode object(String key) {
            if (keys.node(key) instanceof ObjectNode object) {
                return object;
            }
            throw keys.fault(key, "an object");
        }

        private long wholeNumber(String key, @Nullable JsonNode node, long most) {
            if (node == null
                    || !node.isIntegralNumber()
                    || !node.canConvertToLong()
                    || node.longValue() < 0
                    || node.longValue() > most) {
                throw keys.fault(key, "a whole number from 0 to " + most);
            }
            return node.longValue();
        }
    }
}
