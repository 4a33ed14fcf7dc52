package dev.longspan;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A change of a snapshot's label. What is not named stays as it is, and null clears. Immutable.
 *
 * <pre>{@code store.update(id, SnapshotPatch.keepAll().title("after hello").description(null));}</pre>
 */
public final class SnapshotPatch {
    private static final SnapshotPatch KEEP_ALL = new SnapshotPatch(false, false, false, SnapshotLabel.NONE);

    private final boolean changesTitle;
    private final boolean changesDescription;
    private final boolean changesTags;
    private final SnapshotLabel values;

    private SnapshotPatch(boolean changesTitle, boolean changesDescription, boolean changesTags, SnapshotLabel values) {
        this.changesTitle = changesTitle;
        this.changesDescription = changesDescription;
        this.changesTags = changesTags;
        this.values = values;
    }

    /** {@return a patch that changes nothing} */
    public static SnapshotPatch keepAll() {
        return KEEP_ALL;
    }

    /**
     * {@return this patch with another title}
     *
     * @param title the new title; null clears it
     */
    public SnapshotPatch title(@Nullable String title) {
        SnapshotLabel label = new SnapshotLabel(title, values.description(), values.tags());
        return new SnapshotPatch(true, changesDescription, changesTags, label);
    }

    /**
     * {@return this patch with another description}
     *
     * @param description the new description; null clears it
     */
    public SnapshotPatch description(@Nullable String description) {
        SnapshotLabel label = new SnapshotLabel(values.title(), description, values.tags());
        return new SnapshotPatch(changesTitle, true, changesTags, label);
    }

    /**
     * {@return this patch with other tags}
     *
     * @param tags the new tags, all of them; null clears them
     */
    public SnapshotPatch tags(@Nullable List<String> tags) {
        SnapshotLabel label = new SnapshotLabel(values.title(), values.description(), tags == null ? List.of() : tags);
        return new SnapshotPatch(changesTitle, changesDescription, true, label);
    }

    /**
     * {@return the label that comes of changing another one}
     *
     * @param label the label before
     */
    public SnapshotLabel applyTo(SnapshotLabel label) {
        return new SnapshotLabel(
                changesTitle ? values.title() : label.title(),
                changesDescription ? values.description() : label.description(),
                changesTags ? values.tags() : label.tags());
    }
}
