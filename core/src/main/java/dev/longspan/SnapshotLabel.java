package dev.longspan;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What people call a snapshot; the only part of it that can change.
 *
 * @param title a line of at most {@value #MAX_TITLE} characters; null for none
 * @param description a text of at most {@value #MAX_DESCRIPTION} characters; null for none
 * @param tags at most {@value #MAX_TAGS} different words of 1 to {@value #MAX_TAG} characters
 */
public record SnapshotLabel(
        @Nullable String title, @Nullable String description, List<String> tags) {
    /** The most characters of a title. */
    public static final int MAX_TITLE = 500;

    /** The most characters of a description. */
    public static final int MAX_DESCRIPTION = 10_000;

    /** The most tags. */
    public static final int MAX_TAGS = 64;

    /** The most characters of a tag. */
    public static final int MAX_TAG = 100;

    /** No title, no description, no tags. */
    public static final SnapshotLabel NONE = new SnapshotLabel(null, null, List.of());

    /** Checks and copies the components. */
    public SnapshotLabel {
        require("title", title, MAX_TITLE);
        require("description", description, MAX_DESCRIPTION);
        tags = List.copyOf(tags);
        if (tags.size() > MAX_TAGS) {
            throw new InvalidRequestException("tags", "expected at most " + MAX_TAGS + ", found " + tags.size());
        }
        for (int i = 0; i < tags.size(); i++) {
            String tag = tags.get(i);
            require("tags[" + i + "]", tag, MAX_TAG);
            if (tag.isEmpty() || tags.indexOf(tag) != i) {
                throw new InvalidRequestException(
                        "tags[" + i + "]", "expected each tag once and none empty, found \"" + tag + "\"");
            }
        }
    }

    /**
     * {@return a label of a title alone}
     *
     * @param title the title
     */
    public static SnapshotLabel titled(String title) {
        return new SnapshotLabel(title, null, List.of());
    }

    private static void require(String field, @Nullable String text, int most) {
        if (text == null) {
            return;
        }
        if (text.length() > most) {
            throw new InvalidRequestException(
                    field, "expected at most " + most + " characters, found " + text.length());
        }
        // half a surrogate pair has no form in UTF-8
        if (text.codePoints().anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)) {
            throw new InvalidRequestException(field, "expected whole characters, found half of a surrogate pair");
        }
    }
}
