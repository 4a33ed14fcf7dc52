package dev.longspan.tvm.memory;

import dev.longspan.tvm.runtime.DeviceMemory;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a state or a checkpoint holds: pages and recurrent memory, and how many tokens they stand for. One thread at a time changes it;
 * any thread may ask how many bytes it holds, and release it.
 */
public final class SequenceMemory {
    private final StateLayout layout;
    private final MemoryAccount account;
    private final List<Page> pages = new ArrayList<>();
    private final @Nullable DeviceMemory recurrent;
    /** The distances of the pages from an anchor; null if nobody has asked for them. */
    private @Nullable DeviceMemory table;

    private int tabled;
    private volatile int length;
    private boolean released;

    private SequenceMemory(StateLayout layout, MemoryAccount account, int length) {
        this.layout = layout;
        this.account = account;
        this.length = length;
        recurrent = layout.recurrentBytes() == 0 ? null : account.allocate("recurrent states", layout.recurrentBytes());
    }

    /** {@return the memory of an empty sequence} */
    public static SequenceMemory empty(StateLayout layout, MemoryAccount account) {
        return new SequenceMemory(layout, account, 0);
    }

    /** {@return a sequence that continues this one: full pages shared, the rest copied} */
    public SequenceMemory copy() {
        SequenceMemory copy = withPagesOf(length);
        if (recurrent != null && copy.recurrent != null) {
            DeviceMemory.copy(recurrent, 0, copy.recurrent, 0, recurrent.bytes());
        }
        return copy;
    }

    /** {@return a sequence that shares the keys and values of the first tokens, its recurrent states empty} */
    SequenceMemory withPagesOf(int tokens) {
        SequenceMemory made = new SequenceMemory(layout, account, tokens);
        boolean done = false;
        try {
            int full = layout.pageBytes() == 0 ? 0 : tokens / StateLayout.PAGE;
            for (int i = 0; i < full; i++) {
                made.add(pages.get(i).retained());
            }
            made.reserve(tokens);
            if (made.pages.size() > full) {
                DeviceMemory from = pages.get(full).memory();
                DeviceMemory.copy(from, 0, made.pages.get(full).memory(), 0, from.bytes());
            }
            done = true;
            return made;
        } finally {
            if (!done) {
                made.release();
            }
        }
    }

    /** {@return how many tokens it stands for} */
    public int length() {
        return length;
    }

    /** {@return where its parts lie} */
    public StateLayout layout() {
        return layout;
    }

    /** {@return how many pages it has} */
    public int pageCount() {
        return pages.size();
    }

    /** {@return the memory of a page} */
    public DeviceMemory page(int index) {
        return pages.get(index).memory();
    }

    /** {@return the recurrent memory; null if there is no Mamba layer} */
    public @Nullable DeviceMemory recurrent() {
        return recurrent;
    }

    /**
     * Makes room for so many tokens in all, or changes nothing.
     *
     * @throws dev.longspan.spi.BackendMemoryException if there is no memory for them
     */
    public void reserve(int tokens) {
        int before = pages.size();
        boolean done = false;
        try {
            while (pages.size() < layout.pages(tokens)) {
                add(Page.allocate(layout, account));
            }
            done = true;
        } finally {
            if (!done) {
                truncate(before);
            }
        }
    }

    /**
     * Writes where the pages are to the device, for kernels.
     *
     * @param anchor from where distances are counted, always the same
     * @throws dev.longspan.spi.BackendMemoryException if there is no memory for that
     */
    public void locate(DeviceMemory anchor) {
        int count = pages.size();
        if (count == tabled) {
            return;
        }
        DeviceMemory known = table;
        if (known == null || known.bytes() < StateLayout.tableBytes(count)) {
            DeviceMemory made = account.allocate("a table of pages", StateLayout.tableBytes(count));
            replaceTable(made);
            known = made;
            tabled = 0;
        }
        long[] distances = new long[count - tabled];
        for (int i = 0; i < distances.length; i++) {
            distances[i] = page(tabled + i).distance(anchor);
        }
        known.write((long) Long.BYTES * tabled, distances, 0, distances.length);
        tabled = count;
    }

    private synchronized void replaceTable(DeviceMemory made) {
        DeviceMemory before = table;
        table = made;
        if (before != null) {
            account.free(before);
        }
    }

    /** {@return how many numbers of eight bytes the {@linkplain #locate table} is behind an anchor; 0 if there are no pages} */
    public long tableDistance(DeviceMemory anchor) {
        DeviceMemory known = table;
        return known == null ? 0 : known.distance(anchor) * Float.BYTES / Long.BYTES;
    }

    private synchronized void add(Page page) {
        pages.add(page);
    }

    private synchronized void truncate(int count) {
        while (pages.size() > count) {
            pages.remove(pages.size() - 1).release(account);
        }
    }

    /** Counts tokens as absorbed. */
    public void advance(int tokens) {
        int before = length;
        length = before + tokens;
    }

    /** {@return the bytes it refers to, shared pages included} */
    public synchronized long bytes() {
        return ownBytes() + pages.size() * layout.pageBytes();
    }

    private long ownBytes() {
        return layout.recurrentBytes() + (table == null ? 0 : table.bytes());
    }

    /** {@return the bytes that nobody else refers to} */
    public synchronized long exclusiveBytes() {
        return ownBytes() + pages.stream().filter(page -> !page.isShared()).count() * layout.pageBytes();
    }

    /** Gives everything back; a second call does nothing. */
    public synchronized void release() {
        if (!released) {
            released = true;
            truncate(0);
            if (recurrent != null) {
                account.free(recurrent);
            }
            if (table != null) {
                account.free(table);
            }
        }
    }
}
