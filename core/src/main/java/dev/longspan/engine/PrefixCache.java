package dev.longspan.engine;

import dev.longspan.ChatRequest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Checkpoints of prompts by the hash of the ids they hold, so that a request which begins like an earlier one computes only the
 * rest. The least recently used are let go when there are too many bytes; a key keeps the newest of its prompts, while those kept
 * so take at most half. For the engine's thread.
 */
public final class PrefixCache {
    private static final int MAX_KEYS = 64;
    private static final long FACTOR = 0x9E3779B97F4A7C15L;

    private final long maxBytes;
    /** The least recently used first. */
    private final LinkedHashMap<Long, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);
    /** How many entries have each length. */
    private final TreeMap<Integer, Integer> lengths = new TreeMap<>();

    private final LinkedHashMap<String, Long> pinned = new LinkedHashMap<>(16, 0.75f, true);
    private long bytes;
    private long changes;

    /** The ids are the first of an array that is not written to. */
    private static final class Entry {
        final int[] ids;
        final SharedCheckpoint checkpoint;
        final long bytes;

        Entry(int[] ids, SharedCheckpoint checkpoint) {
            this.ids = ids;
            this.checkpoint = checkpoint;
            this.bytes = checkpoint.checkpoint().bytes();
        }
    }

    /**
     * Makes a cache.
     *
     * @param maxBytes how much its checkpoints may hold, each counted with all its pages; 0 to keep none
     */
    public PrefixCache(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** {@return who owns a turn without a session: it begins with what is cached, and leaves checkpoints here} Any thread. */
    public TurnOwner ownerOf(ChatRequest request, GenerationSpec spec, GenerationPlanner planner) {
        int[] marks = maxBytes > 0 ? planner.marks(request, spec.prompt()) : new int[0];
        return new PromptOwner(this, spec.prompt(), marks, request.cacheKey());
    }

    /**
     * {@return the longest checkpoint that holds the first of these ids; null if there is none}
     *
     * @param most how many ids it may hold
     * @param cacheKey pins it
     */
    public @Nullable SharedCheckpoint longest(int[] ids, int most, Optional<String> cacheKey) {
        if (lengths.isEmpty()) {
            return null;
        }
        SharedCheckpoint found = null;
        long foundKey = 0;
        long hash = 0;
        int at = 0;
        for (int length : lengths.headMap(most, true).keySet()) {
            while (at < length) {
                hash = next(hash, ids[at++]);
            }
            long key = key(hash, length);
            Entry entry = entries.get(key); // touches it
            if (entry != null && entry.checkpoint.length() == length && holds(entry, ids)) {
                found = entry.checkpoint;
                foundKey = key;
            }
        }
        if (found != null && cacheKey.isPresent()) {
            pin(cacheKey.get(), foundKey);
        }
        return found;
    }

    /** {@return how often an entry came or went: what was not found stays not found until this changes} */
    long changes() {
        return changes;
    }

    private static boolean holds(Entry entry, int[] ids) {
        int length = entry.checkpoint.length();
        return Arrays.equals(entry.ids, 0, length, ids, 0, length);
    }

    /**
     * Takes a checkpoint over.
     *
     * @param ids holds the ids of the checkpoint at its beginning; never written to
     * @param cacheKey pins the newest checkpoint that came with it
     */
    void put(int[] ids, SharedCheckpoint checkpoint, Optional<String> cacheKey) {
        long hash = 0;
        for (int i = 0; i < checkpoint.length(); i++) {
            hash = next(hash, ids[i]);
        }
        long key = key(hash, checkpoint.length());
        if (maxBytes == 0 || entries.containsKey(key)) {
            checkpoint.release();
        } else {
            Entry entry = new Entry(ids, checkpoint);
            checkpoint.kept();
            checkpoint.join(entry);
            changes++;
            entries.put(key, entry);
            lengths.merge(checkpoint.length(), 1, Integer::sum);
            bytes += entry.bytes;
        }
        cacheKey.ifPresent(name -> pin(name, key));
        while (bytes > maxBytes && evict()) {
            // until it fits, or all that is left is pinned
        }
    }

    private void pin(String name, long key) {
        pinned.put(name, key);
        while (pinned.size() > MAX_KEYS || (pinned.size() > 1 && pinnedBytes() > maxBytes / 2)) {
            pinned.remove(pinned.keySet().iterator().next());
        }
    }

    private long pinnedBytes() {
        long sum = 0;
        for (long key : new HashSet<>(pinned.values())) {
            Entry entry = entries.get(key);
            sum += entry == null ? 0 : entry.bytes;
        }
        return sum;
    }

    /** {@return whether an entry was let go: the least recently used that is not pinned} */
    private boolean evict() {
        for (Map.Entry<Long, Entry> each : entries.entrySet()) {
            if (!pinned.containsValue(each.getKey())) {
                drop(each.getKey());
                return true;
            }
        }
        return false;
    }

    /** {@return whether memory was freed: one entry is let go, pinned ones last} */
    public boolean free() {
        if (entries.isEmpty()) {
            return false;
        }
        if (!evict()) {
            drop(entries.keySet().iterator().next());
        }
        return true;
    }

    private void drop(long key) {
        Entry entry = entries.remove(key);
        if (entry != null) {
            bytes -= entry.bytes;
            lengths.computeIfPresent(entry.checkpoint.length(), (length, count) -> count == 1 ? null : count - 1);
            changes++;
            entry.checkpoint.unkept();
            entry.checkpoint.leave(entry);
            entry.checkpoint.release();
        }
    }

    /** Lets everything go. */
    public void clear() {
        List<Long> all = new ArrayList<>(entries.keySet());
        all.forEach(this::drop);
        pinned.clear();
    }

    private static long next(long hash, int id) {
        return Long.rotateLeft(hash ^ (id + 1), 27) * FACTOR;
    }

    private static long key(long hash, int length) {
        return hash ^ (length * FACTOR);
    }
}
