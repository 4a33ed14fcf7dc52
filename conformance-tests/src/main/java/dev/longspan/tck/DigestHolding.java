package dev.longspan.tck;

import java.util.ArrayList;
import java.util.List;

/**
 * What a state or a checkpoint holds: pages and a recurrent state. All access is under the lock of its memory, but for
 * reading what a checkpoint holds, which never changes.
 */
final class DigestHolding {
    private final DigestMemory memory;
    private final List<DigestMemory.Page> pages = new ArrayList<>();
    final DigestRecurrence recurrence;
    private int holders = 1;

    DigestHolding(DigestMemory memory, DigestRecurrence recurrence) {
        this.memory = memory;
        this.recurrence = recurrence;
        memory.reserve(DigestMemory.RECURRENT_BYTES, "a recurrent state");
    }

    int length() {
        return recurrence.position();
    }

    /** A holding of its own that shares all full pages; the partial one is copied. */
    DigestHolding copy() {
        DigestHolding copy = new DigestHolding(memory, recurrence.copy());
        try {
            copy.sharePages(this, length());
        } catch (RuntimeException e) {
            copy.drop();
            throw e;
        }
        return copy;
    }

    /** Takes the first tokens of another holding: full pages are shared, the rest is copied. */
    void sharePages(DigestHolding other, int tokens) {
        for (int i = 0; i < tokens / DigestMemory.PAGE; i++) {
            pages.add(memory.share(other.pages.get(i)));
        }
        int rest = tokens % DigestMemory.PAGE * DigestModel.ROW;
        if (rest > 0) {
            DigestMemory.Page from = other.pages.get(tokens / DigestMemory.PAGE);
            DigestMemory.Page page = memory.take();
            System.arraycopy(from.keys, 0, page.keys, 0, rest);
            System.arraycopy(from.values, 0, page.values, 0, rest);
            pages.add(page);
        }
    }

    /** Makes room, so that appending cannot fail half way. */
    void room(int tokens) {
        while (pages.size() * DigestMemory.PAGE < tokens) {
            pages.add(memory.take());
        }
    }

    void append(int id) {
        int position = recurrence.position();
        recurrence.absorb(id, this::id);
        int at = position % DigestMemory.PAGE * DigestModel.ROW;
        DigestMemory.Page page = pages.get(position / DigestMemory.PAGE);
        new DigestBytes(page.keys, at).put(recurrence.hash(), 8);
        DigestModel.putValue(page.values, at, id, position);
    }

    /** The id at a position, as the cache tells it. */
    int id(int position) {
        DigestMemory.Page page = pages.get(position / DigestMemory.PAGE);
        return (int) new DigestBytes(page.values, position % DigestMemory.PAGE * DigestModel.ROW).take(2);
    }

    float[] keys(int page) {
        return pages.get(page).keys;
    }

    float[] values(int page) {
        return pages.get(page).values;
    }

    long bytes() {
        return DigestMemory.RECURRENT_BYTES + pages.size() * DigestMemory.PAGE_BYTES;
    }

    long exclusiveBytes() {
        long bytes = DigestMemory.RECURRENT_BYTES;
        for (DigestMemory.Page page : pages) {
            bytes += memory.alone(page) ? DigestMemory.PAGE_BYTES : 0;
        }
        return bytes;
    }

    /** Keeps everything until one more {@link #drop}. */
    void hold() {
        holders++;
    }

    void drop() {
        if (--holders == 0) {
            pages.forEach(memory::drop);
            memory.release(DigestMemory.RECURRENT_BYTES);
        }
    }
}
