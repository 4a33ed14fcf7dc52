package dev.longspan.session;

import dev.longspan.ChatMessage;
import dev.longspan.TurnInfo;
import dev.longspan.engine.SharedCheckpoint;
import dev.longspan.prompt.RenderSettings;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * All of a session between two turns. Immutable; a turn makes a new one.
 *
 * @param sequence how many turns were committed
 * @param messages the history
 * @param ids what its head has absorbed; never written to
 * @param kept the checkpoints, by ascending position, the head last; none if it holds nothing
 * @param around where the last message of a user begins and ends, in tokens
 * @param turns one record for each turn that the history still holds
 * @param lastTurn what the last turn reused and computed
 */
@SuppressWarnings("ArrayRecordComponent") // lives inside this package, and the array is never written to
record Committed(
        long sequence,
        List<ChatMessage> messages,
        int[] ids,
        List<Kept> kept,
        List<Integer> around,
        List<TurnRecord> turns,
        Optional<TurnInfo> lastTurn) {
    static final Committed EMPTY =
            new Committed(0, List.of(), new int[0], List.of(), List.of(), List.of(), Optional.empty());

    /** Copies the components. */
    Committed {
        messages = List.copyOf(messages);
        kept = List.copyOf(kept);
        around = List.copyOf(around);
        turns = List.copyOf(turns);
    }

    /**
     * A committed turn.
     *
     * @param messages how many messages there were then
     * @param tokens how many tokens
     * @param settings what it was rendered with
     */
    record TurnRecord(int messages, int tokens, RenderSettings settings) {}

    /** {@return the settings of the last turn} */
    RenderSettings settings() {
        return turns.isEmpty()
                ? RenderSettings.DEFAULT
                : turns.get(turns.size() - 1).settings();
    }

    /** {@return the settings of the last turn that a number of messages still holds, else of the first} */
    RenderSettings settingsOf(int count) {
        RenderSettings found =
                turns.isEmpty() ? RenderSettings.DEFAULT : turns.get(0).settings();
        for (TurnRecord turn : turns) {
            found = turn.messages() <= count ? turn.settings() : found;
        }
        return found;
    }

    /** {@return the newest checkpoint at or before a position, not retained; null if there is none} */
    @Nullable
    SharedCheckpoint newest(int position) {
        SharedCheckpoint newest = null;
        for (Kept each : kept) {
            newest = each.position() <= position ? each.checkpoint() : newest;
        }
        return newest;
    }

    /** {@return the checkpoint that holds all ids, not retained; null if there are none} */
    @Nullable
    SharedCheckpoint head() {
        return kept.isEmpty() ? null : kept.get(kept.size() - 1).checkpoint();
    }

    /** {@return the same with other checkpoints} */
    Committed withKept(List<Kept> others) {
        return new Committed(sequence, messages, ids, others, around, turns, lastTurn);
    }

    /** {@return the same as what comes after a sequence: one above both} */
    Committed after(long other) {
        return new Committed(Math.max(sequence, other) + 1, messages, ids, kept, around, turns, lastTurn);
    }

    /** {@return the same, held once more} */
    Committed retained() {
        kept.forEach(each -> each.checkpoint().retain());
        return this;
    }

    /** Lets go of what {@link #retained} holds, or of what was committed. */
    void release() {
        kept.forEach(each -> each.checkpoint().release());
    }

    /** Notes that a session keeps its checkpoints. */
    void noteKept() {
        kept.forEach(each -> each.checkpoint().kept());
    }

    /** Takes that back. */
    void noteUnkept() {
        kept.forEach(each -> each.checkpoint().unkept());
    }

    /** {@return the checkpoints that must not be lost: the head, and those around the last message of a user} */
    List<Kept> portable() {
        return kept.stream()
                .filter(each -> each.position() == ids.length || around.contains(each.position()))
                .toList();
    }
}
