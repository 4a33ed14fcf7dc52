package dev.longspan.engine;

import dev.longspan.ChatMessage;
import dev.longspan.FinishReason;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A request without a session: it begins with a cached prefix, and leaves checkpoints of its prompt for others. */
final class PromptOwner implements TurnOwner {
    private final PrefixCache cache;
    private final int[] prompt;
    private final int[] marks;
    private final Optional<String> cacheKey;

    /** Of the cache, when {@link #shared} was looked up: a request that waits is asked again and again. */
    private long looked = -1;

    private int shared;

    PromptOwner(PrefixCache cache, int[] prompt, int[] marks, Optional<String> cacheKey) {
        this.cache = cache;
        this.prompt = prompt;
        this.marks = marks;
        this.cacheKey = cacheKey;
    }

    @Override
    public @Nullable SharedCheckpoint base(int[] ids) {
        SharedCheckpoint found = cache.longest(ids, ids.length - 1, cacheKey);
        PrefixReuseEvent.record(ids.length, found == null ? 0 : found.length());
        return found == null ? null : found.retain();
    }

    @Override
    public int sharedTokens(int[] ids) {
        if (looked != cache.changes()) {
            looked = cache.changes();
            SharedCheckpoint found = cache.longest(ids, ids.length - 1, Optional.empty());
            shared = found == null ? 0 : found.length();
        }
        return shared;
    }

    @Override
    public int checkpoints() {
        return 0; // the cache gives way
    }

    @Override
    public int[] marks() {
        return marks;
    }

    @Override
    public void take(SharedCheckpoint checkpoint) {
        cache.put(prompt, checkpoint, cacheKey);
    }

    @Override
    public boolean commits(FinishReason reason, ChatMessage.AssistantMessage message) {
        return false;
    }

    @Override
    public CommitPlan plan(ChatMessage.AssistantMessage message, int[] absorbed) {
        throw new IllegalStateException("there is nothing to commit");
    }

    @Override
    public void committed(@Nullable SharedCheckpoint head, int computed) {
        throw new IllegalStateException("there is nothing to commit");
    }

    @Override
    public void abandoned() {
        // the cache has what was worth keeping
    }
}
