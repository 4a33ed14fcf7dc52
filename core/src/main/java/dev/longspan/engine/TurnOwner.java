package dev.longspan.engine;

import dev.longspan.ChatMessage;
import dev.longspan.FinishReason;
import org.jspecify.annotations.Nullable;

/**
 * Where the state of an answer comes from, and what becomes of it. Called on the engine's thread, but for {@link #bringBack} and
 * {@link #plan}.
 * Exactly one of {@link #committed} and {@link #abandoned} is called last.
 */
public interface TurnOwner {
    /** Says what the state must hold once the answer has ended. */
    interface CommitPlan {
        /** {@return the ids that the state must hold} */
        int[] ids();

        /** {@return the checkpoint to start from again, held for the engine; null to start empty} */
        @Nullable
        SharedCheckpoint base();

        /** {@return whether the answer's own state goes on, so that there is no base} */
        boolean continues();

        /** {@return ascending positions at which checkpoints are wanted} */
        int[] marks();
    }

    /**
     * {@return the checkpoint to start from, held for the engine; null to start empty}
     *
     * @param prompt the ids of the prompt, of which the checkpoint holds the first
     */
    @Nullable
    SharedCheckpoint base(int[] prompt);

    /**
     * {@return how many tokens the checkpoint of {@link #base} would have}
     *
     * @param prompt the ids of the prompt
     */
    int sharedTokens(int[] prompt);

    /**
     * Makes what the turn starts from stay where it is until the turn ends: it may be the next to start.
     *
     * @return false while it is on its way to disk or back; the engine is woken when it is there
     */
    default boolean claim() {
        return true;
    }

    /** {@return what must come back from disk before {@link #base}; null if nothing} Called once it is claimed. */
    default @Nullable ParkedSize parked() {
        return null;
    }

    /**
     * Brings it back, on a thread where it may take its time. What cannot be read, or for which there is no memory after all, is
     * computed again.
     */
    default void bringBack() {}

    /** {@return how many bytes {@link #yieldsState} would free} */
    default long yieldableBytes() {
        return 0;
    }

    /**
     * Lets go of the state that a claimed turn holds, since there is no room for both; the turn computes it again. Never called
     * once {@link #base} was.
     *
     * @return whether anything was let go
     */
    default boolean yieldsState() {
        return false;
    }

    /** {@return how many checkpoints will be kept that nothing else may push out} */
    int checkpoints();

    /** {@return ascending positions of the prompt at which checkpoints are wanted} */
    int[] marks();

    /**
     * Takes a checkpoint at one of the marks.
     *
     * @param checkpoint now the owner's
     */
    void take(SharedCheckpoint checkpoint);

    /**
     * {@return whether the turn is to be committed; else it is abandoned}
     *
     * @param reason why the answer ended
     * @param message what was handed out of it
     */
    boolean commits(FinishReason reason, ChatMessage.AssistantMessage message);

    /**
     * {@return what the state must hold after the answer} Called on a thread where it may take its time.
     *
     * @param message the answer
     * @param absorbed the ids that the answer's state holds
     */
    CommitPlan plan(ChatMessage.AssistantMessage message, int[] absorbed);

    /**
     * Ends the turn.
     *
     * @param head the state after it, now the owner's; null if it is empty
     * @param computed how many tokens were computed for the commit
     */
    void committed(@Nullable SharedCheckpoint head, int computed);

    /** Ends the turn without effect. */
    void abandoned();
}
