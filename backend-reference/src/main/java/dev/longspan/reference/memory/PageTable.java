package dev.longspan.reference.memory;

import dev.longspan.spi.AttentionHeads;
import java.util.Arrays;
import java.util.List;

/** The pages of one sequence, in order. One thread at a time changes it; any thread may ask how many bytes it holds. */
public final class PageTable {
    private final StateLayout layout;
    private final MemoryLedger ledger;
    private Page[] pages = new Page[4];
    private int count;

    PageTable(StateLayout layout, MemoryLedger ledger) {
        this.layout = layout;
        this.ledger = ledger;
    }

    /**
     * {@return a table of one layer made of plain arrays, booked nowhere}
     *
     * @param heads the layer's sizes
     * @param tokens how many tokens
     * @param keys K [tokens, G, D]
     * @param values V [tokens, G, D]
     */
    public static PageTable of(AttentionHeads heads, int tokens, float[] keys, float[] values) {
        StateLayout layout = new StateLayout(List.of(heads), List.of(0), List.of(), List.of());
        PageTable table = new PageTable(layout, new MemoryLedger(Long.MAX_VALUE));
        table.grow(tokens);
        int width = heads.keyValueHeads() * heads.headSize();
        for (int t = 0; t < tokens; t++) {
            table.page(t / Page.TOKENS).put(0, t % Page.TOKENS, keys, values, t * width);
        }
        return table;
    }

    /**
     * {@return a page}
     *
     * @param index its index
     */
    public Page page(int index) {
        return pages[index];
    }

    int count() {
        return count;
    }

    /**
     * Adds pages until a number of tokens has room; adds none if that fails.
     *
     * @param tokens the number of tokens
     * @throws dev.longspan.spi.BackendMemoryException if there is no memory for them
     */
    void grow(int tokens) {
        int wanted = layout.pages(tokens);
        int before = count;
        boolean done = false;
        try {
            while (count < wanted) {
                add(Page.allocate(layout, ledger));
            }
            done = true;
        } finally {
            if (!done) {
                truncate(before);
            }
        }
    }

    /** {@return a table of the first tokens' pages: full ones shared, the last, partial one copied} */
    PageTable prefix(int tokens) {
        PageTable prefix = new PageTable(layout, ledger);
        int rest = tokens % Page.TOKENS;
        int full = layout.pages(tokens) - (rest > 0 && layout.pages(tokens) > 0 ? 1 : 0);
        boolean done = false;
        try {
            for (int i = 0; i < full; i++) {
                pages[i].retain();
                prefix.add(pages[i]);
            }
            prefix.grow(tokens);
            if (prefix.count > full) {
                prefix.pages[full].copyFrom(pages[full], rest);
            }
            done = true;
            return prefix;
        } finally {
            if (!done) {
                prefix.truncate(0);
            }
        }
    }

    /** Releases all pages from an index on. */
    synchronized void truncate(int size) {
        while (count > size) {
            pages[--count].release(ledger);
        }
        Arrays.fill(pages, size, pages.length, null);
    }

    synchronized long bytes() {
        return count * layout.pageBytes();
    }

    synchronized long exclusiveBytes() {
        int own = 0;
        for (int i = 0; i < count; i++) {
            if (!pages[i].shared()) {
                own++;
            }
        }
        return own * layout.pageBytes();
    }

    private synchronized void add(Page page) {
        if (count == pages.length) {
            pages = Arrays.copyOf(pages, 2 * count);
        }
        pages[count++] = page;
    }
}
