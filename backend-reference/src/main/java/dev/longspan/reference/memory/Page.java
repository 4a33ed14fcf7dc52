package dev.longspan.reference.memory;

import dev.longspan.spi.AttentionHeads;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Keys and values of {@value #TOKENS} consecutive tokens, of all attention layers.
 *
 * <p>Keys are stored transposed, one array for each of the D elements with the tokens of head 0 first, then those of head
 * 1 and so on: a query's scores are then sums of rows. Values are stored as they come, one array per token. Several
 * sequences share a page; the last to release it frees its bytes.
 */
public final class Page {
    /** How many tokens a page holds. */
    public static final int TOKENS = 128;

    private final float[][][] keys;
    private final float[][][] values;
    private final long bytes;
    private final AtomicInteger holders = new AtomicInteger(1);

    private Page(float[][][] keys, float[][][] values, long bytes) {
        this.keys = keys;
        this.values = values;
        this.bytes = bytes;
    }

    /**
     * {@return a new page with one holder}
     *
     * @param layout the sizes
     * @param ledger where its bytes are booked
     * @throws dev.longspan.spi.BackendMemoryException if there is no memory for it
     */
    public static Page allocate(StateLayout layout, MemoryLedger ledger) {
        long bytes = layout.pageBytes();
        return ledger.allocate("a page of keys and values", bytes, () -> unbooked(layout, bytes));
    }

    static Page unbooked(StateLayout layout, long bytes) {
        int layers = layout.attention().size();
        float[][][] keys = new float[layers][][];
        float[][][] values = new float[layers][][];
        for (int i = 0; i < layers; i++) {
            AttentionHeads heads = layout.attention().get(i);
            keys[i] = new float[heads.headSize()][heads.keyValueHeads() * TOKENS];
            values[i] = new float[TOKENS][heads.keyValueHeads() * heads.headSize()];
        }
        return new Page(keys, values, bytes);
    }

    /**
     * {@return the keys of a layer, [D][G · TOKENS]}
     *
     * @param layer the index among the attention layers
     */
    public float[][] keys(int layer) {
        return keys[layer];
    }

    /**
     * {@return the values of a layer, [TOKENS][G · D]}
     *
     * @param layer the index among the attention layers
     */
    public float[][] values(int layer) {
        return values[layer];
    }

    /**
     * Stores one token's key and value.
     *
     * @param layer the index among the attention layers
     * @param slot the token's place in the page
     * @param key the key [G · D]
     * @param value the value [G · D]
     * @param offset where both begin in their arrays
     */
    public void put(int layer, int slot, float[] key, float[] value, int offset) {
        putKey(layer, slot, key, offset);
        System.arraycopy(value, offset, values[layer][slot], 0, values[layer][slot].length);
    }

    void putKey(int layer, int slot, float[] key, int offset) {
        float[][] rows = keys[layer];
        int size = rows.length;
        int groups = rows[0].length / TOKENS;
        for (int g = 0; g < groups; g++) {
            for (int d = 0; d < size; d++) {
                rows[d][g * TOKENS + slot] = key[offset + g * size + d];
            }
        }
    }

    void getKey(int layer, int slot, float[] key) {
        float[][] rows = keys[layer];
        int size = rows.length;
        int groups = rows[0].length / TOKENS;
        for (int g = 0; g < groups; g++) {
            for (int d = 0; d < size; d++) {
                key[g * size + d] = rows[d][g * TOKENS + slot];
            }
        }
    }

    /** Copies the first tokens of another page into this one. */
    void copyFrom(Page other, int tokens) {
        for (int layer = 0; layer < keys.length; layer++) {
            for (int d = 0; d < keys[layer].length; d++) {
                float[] from = other.keys[layer][d];
                for (int start = 0; start < from.length; start += TOKENS) {
                    System.arraycopy(from, start, keys[layer][d], start, tokens);
                }
            }
            for (int slot = 0; slot < tokens; slot++) {
                float[] from = other.values[layer][slot];
                System.arraycopy(from, 0, values[layer][slot], 0, from.length);
            }
        }
    }

    /** One more holds the page. The caller holds it, so that it cannot be freed meanwhile. */
    void retain() {
        holders.incrementAndGet();
    }

    /** One less holds the page; the last one gives its bytes back. */
    void release(MemoryLedger ledger) {
        if (holders.decrementAndGet() == 0) {
            ledger.release(bytes);
        }
    }

    boolean shared() {
        return holders.get() > 1;
    }
}
