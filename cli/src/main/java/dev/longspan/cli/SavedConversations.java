package dev.longspan.cli;

import dev.longspan.ChatEngine;
import dev.longspan.ChatMessage;
import dev.longspan.SnapshotInfo;
import dev.longspan.SnapshotLabel;
import dev.longspan.SnapshotNotFoundException;
import dev.longspan.SnapshotPatch;
import dev.longspan.SnapshotStore;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Conversations on disk: those that the user saved, and the last one, saved on leaving. The latter has the tag {@code last} and
 * an id that begins with it; nothing else is ever replaced.
 */
final class SavedConversations {
    private static final String LAST = "last";
    private static final String LAST_PREFIX = LAST + "-";
    private static final int TITLE_LENGTH = 60;

    private final ChatEngine engine;
    private final Conversation conversation;
    private @Nullable String notResumed;

    SavedConversations(ChatEngine engine, Conversation conversation) {
        this.engine = engine;
        this.conversation = conversation;
    }

    /** {@return all of them, the newest first, broken ones among them} */
    List<SnapshotInfo> list() {
        return store().list();
    }

    /** {@return one of them} */
    SnapshotInfo info(String id) {
        return store().info(id);
    }

    /** Saves the conversation; without a title it gets the beginning of its first question. */
    SnapshotInfo save(String title) {
        return conversation.save(UUID.randomUUID().toString(), SnapshotLabel.titled(title.isEmpty() ? title() : title));
    }

    /** Deletes one, a broken one, too. */
    void delete(String id) {
        store().delete(id);
    }

    /** Goes on with the last one: {@return it, or empty if there is none} */
    Optional<SnapshotInfo> resume() {
        Optional<SnapshotInfo> found =
                list().stream().filter(SavedConversations::isLast).findFirst();
        if (found.isPresent()) {
            notResumed = found.get().id();
            conversation.load(found.get().id());
            notResumed = null;
        }
        return found;
    }

    /** Saves the conversation as the last one, and only then deletes the one before. */
    SnapshotInfo saveAsLast() {
        // only what was there before: another process may be saving its own at this moment
        List<SnapshotInfo> old =
                list().stream().filter(SavedConversations::isLast).toList();
        SnapshotLabel label = new SnapshotLabel(title(), null, List.of(LAST));
        SnapshotInfo saved = conversation.save(LAST_PREFIX + UUID.randomUUID(), label);
        old.forEach(this::giveWay);
        return saved;
    }

    private void giveWay(SnapshotInfo old) {
        try {
            if (old.id().equals(notResumed) && !old.isBroken()) {
                // it could not be gone on with here, which is no reason to lose it
                store().update(old.id(), SnapshotPatch.keepAll().tags(null));
            } else {
                delete(old.id());
            }
        } catch (SnapshotNotFoundException e) {
            return; // another process was faster
        }
    }

    private static boolean isLast(SnapshotInfo snapshot) {
        return snapshot.label().tags().contains(LAST) && snapshot.id().startsWith(LAST_PREFIX);
    }

    private SnapshotStore store() {
        return engine.snapshots();
    }

    /** {@return the beginning of the first question} */
    private String title() {
        String text = conversation.messages().stream()
                .filter(ChatMessage.UserMessage.class::isInstance)
                .findFirst()
                .map(ChatMessage::text)
                .orElse("");
        return Excerpt.of(text, TITLE_LENGTH);
    }
}
