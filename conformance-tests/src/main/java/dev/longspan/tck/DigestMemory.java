package dev.longspan.tck;

import dev.longspan.spi.BackendMemoryException;

/** The memory of a digest backend, and the lock of everything that lies in it. */
final class DigestMemory {
    /** Tokens of a page. */
    static final int PAGE = 16;

    static final long PAGE_BYTES = 2L * PAGE * DigestModel.ROW * Float.BYTES;
    static final long RECURRENT_BYTES =
            (long) Float.BYTES * (DigestRecurrence.SSM_SIZE + DigestRecurrence.CHANNELS * DigestRecurrence.REMEMBERED);

    private final long limit;
    private long used;

    DigestMemory(long limit) {
        this.limit = limit;
    }

    /** Keys and values of {@link #PAGE} tokens. A page that is full or shared is never written to again. */
    static final class Page {
        final float[] keys = new float[PAGE * DigestModel.ROW];
        final float[] values = new float[PAGE * DigestModel.ROW];
        private int holders = 1;
    }

    long limit() {
        return limit;
    }

    synchronized long used() {
        return used;
    }

    synchronized void reserve(long bytes, String purpose) {
        if (bytes > limit - used) {
            throw new BackendMemoryException(purpose, bytes, null);
        }
        used += bytes;
    }

    synchronized void release(long bytes) {
        used -= bytes;
    }

    synchronized Page take() {
        reserve(PAGE_BYTES, "a page of keys and values");
        return new Page();
    }

    synchronized Page share(Page page) {
        page.holders++;
        return page;
    }

    synchronized void drop(Page page) {
        if (--page.holders == 0) {
            used -= PAGE_BYTES;
        }
    }

    synchronized boolean alone(Page page) {
        return page.holders == 1;
    }
}
