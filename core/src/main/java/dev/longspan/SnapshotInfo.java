package dev.longspan;

import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What a store knows of a snapshot without reading its content. Where the manifest of a broken one cannot be read,
 * {@code created} is the time of the entry's last change and the rest is empty or 0.
 *
 * @param id the snapshot's id
 * @param created when it was made, to the millisecond
 * @param label title, description and tags
 * @param model the model's id, for people
 * @param fingerprint what makes the state valid, by part
 * @param tokens how many tokens the session held
 * @param maxTokens how many it may hold
 * @param bytes the size of all files together, the manifest included
 * @param files the files but for the manifest, by name
 * @param problem what is wrong with a broken snapshot; empty if it looks whole
 */
public record SnapshotInfo(
        String id,
        Instant created,
        SnapshotLabel label,
        String model,
        Map<String, String> fingerprint,
        int tokens,
        int maxTokens,
        long bytes,
        Map<String, SnapshotFile> files,
        Optional<String> problem) {
    private static final Pattern ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,127}");
    private static final int MAX_FINGERPRINT = 32;
    private static final int MAX_LINE = 500;

    /** Copies the components. */
    public SnapshotInfo {
        fingerprint = Collections.unmodifiableMap(new LinkedHashMap<>(fingerprint));
        files = Collections.unmodifiableMap(new LinkedHashMap<>(files));
    }

    /** {@return whether it is known to be unusable; a snapshot that is not may still turn out to be when it is read} */
    public boolean isBroken() {
        return problem.isPresent();
    }

    /**
     * {@return whether a text can be the id of a snapshot}
     *
     * @param id any text
     */
    public static boolean isId(String id) {
        return ID.matcher(id).matches();
    }

    static void requireId(String id) {
        if (!isId(id)) {
            String shown = id.length() <= 40 ? id : id.substring(0, 40) + "…";
            throw new InvalidRequestException(
                    "id",
                    "expected 1 to 128 of the letters A-Z and a-z, digits, _ and -, the first a letter or digit, found \""
                            + shown + "\"");
        }
    }

    static void requireLine(String field, String text) {
        if (text.length() > MAX_LINE
                || text.codePoints().anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)) {
            throw new InvalidRequestException(
                    field, "expected at most " + MAX_LINE + " whole characters, found " + text.length());
        }
    }

    static Map<String, String> copyOfFingerprint(Map<String, String> fingerprint) {
        if (fingerprint.size() > MAX_FINGERPRINT) {
            throw new InvalidRequestException(
                    "fingerprint", "expected at most " + MAX_FINGERPRINT + " entries, found " + fingerprint.size());
        }
        fingerprint.forEach((part, value) -> {
            requireLine("fingerprint", part);
            requireLine("fingerprint." + part, value);
        });
        return Collections.unmodifiableMap(new LinkedHashMap<>(fingerprint));
    }
}
