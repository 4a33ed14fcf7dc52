package dev.longspan;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What is to be saved as a snapshot.
 *
 * @param id the snapshot's id
 * @param created when it was made; cut to milliseconds, not before 1970
 * @param label title, description and tags
 * @param model the model's id, for people
 * @param fingerprint what makes the state valid, by part; at most 32 entries
 * @param tokens how many tokens the session held
 * @param maxTokens how many it may hold
 * @param parts one writer for each name of {@link #PARTS}
 */
public record SnapshotDraft(
        String id,
        Instant created,
        SnapshotLabel label,
        String model,
        Map<String, String> fingerprint,
        int tokens,
        int maxTokens,
        Map<String, PartWriter> parts) {
    /** The names of the parts, in the order in which they are written. */
    public static final List<String> PARTS = List.of("transcript.json", "tokens.bin", "state.safetensors");

    /** Checks and copies the components. */
    public SnapshotDraft {
        SnapshotInfo.requireId(id);
        created = created.truncatedTo(ChronoUnit.MILLIS);
        if (created.isBefore(Instant.EPOCH)) {
            throw new InvalidRequestException("created", "expected no time before 1970, found " + created);
        }
        SnapshotInfo.requireLine("model", model);
        fingerprint = SnapshotInfo.copyOfFingerprint(fingerprint);
        if (tokens < 0 || maxTokens < tokens) {
            throw new InvalidRequestException(
                    "tokens", "expected 0 <= tokens <= maxTokens, found " + tokens + " and " + maxTokens);
        }
        if (parts.size() != PARTS.size() || !parts.keySet().containsAll(PARTS)) {
            throw new InvalidRequestException("parts", "expected " + PARTS + ", found " + parts.keySet());
        }
        Map<String, PartWriter> ordered = new LinkedHashMap<>();
        for (String name : PARTS) {
            ordered.put(name, parts.get(name));
        }
        parts = Collections.unmodifiableMap(ordered);
    }
}
